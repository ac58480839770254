package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"deploy": main})
}

// TestScripts runs testdata/*.txtar. Each begins in a folder with the files of a deployment that works.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			files, err := filepath.Glob("check/testdata/*")
			if err != nil || len(files) == 0 {
				return fmt.Errorf("no fixture: %w", err)
			}
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, filepath.Base(file)), content, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
