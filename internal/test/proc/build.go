package proc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BuildAndRun builds the program of the tested package in the same way as for a deployment, sets *path to it, and runs
// the tests. It returns the exit status, for a TestMain.
func BuildAndRun(m *testing.M, path *string) int {
	dir, err := os.MkdirTemp("", "program")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	*path = filepath.Join(dir, "main")
	build := exec.Command("go", "build", "-o", *path, ".") //nolint:gosec // G204: constants
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
