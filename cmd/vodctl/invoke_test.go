package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFunctionBesideVodctl starts vodctl where no function is, with one beside vodctl itself.
func TestFunctionBesideVodctl(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	check(t, err)
	bin, work := t.TempDir(), t.TempDir()
	copyFile(t, program, filepath.Join(bin, "vodctl"))
	sample, err := filepath.Abs("../../events/testdata/vod-success.json")
	check(t, err)
	invoke := func() (string, error) {
		cmd := exec.Command(filepath.Join(bin, "vodctl"), "invoke", "-e", sample)
		cmd.Dir = work
		cmd.Env = append(os.Environ(), "RECORD_TO=log:", "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	name := hostFunction()
	if out, err := invoke(); err == nil || !strings.Contains(out, "there is no function at "+filepath.Join("target", name)+" or "+filepath.Join(bin, name)+": build it with 'make build'") {
		t.Errorf("without a function: %v, %s", err, out)
	}
	check(t, os.MkdirAll(filepath.Dir(filepath.Join(bin, name)), 0o700))
	copyFile(t, functionPath, filepath.Join(bin, name))
	if out, err := invoke(); err != nil || !strings.Contains(out, `{"recorded":1,`) {
		t.Errorf("beside vodctl: %v, %s", err, out)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, data, 0o700))
}
