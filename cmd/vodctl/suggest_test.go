package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

// shells are those in which what vodctl suggests has to work when it is pasted, started without their owner's
// configuration.
var shells = [][]string{{"bash", "--norc", "-c"}, {"zsh", "-f", "-c"}}

// suggested runs the commands that the last vodctl suggested on standard error, which are a number, in each shell:
// suggested NUMBER. None of them may fail.
func suggested(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: suggested NUMBER")
	}
	var lines []string
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		if strings.HasPrefix(line, "  vodctl ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if want, err := strconv.Atoi(args[0]); err != nil || len(lines) != want {
		ts.Fatalf("%d commands are suggested, want %s:\n%s", len(lines), args[0], strings.Join(lines, "\n"))
	}
	for _, shell := range shells {
		program, err := exec.LookPath(shell[0])
		if err != nil {
			ts.Logf("%s is not here", shell[0])
			continue
		}
		for _, line := range lines {
			cmd := exec.Command(program, append(shell[1:], line)...)
			cmd.Dir = ts.MkAbs(".")
			cmd.Env = scriptEnv(ts)
			if out, err := cmd.CombinedOutput(); err != nil {
				ts.Fatalf("%s: %s: %v\n%s", shell[0], line, err, out)
			}
		}
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	words := []string{
		"", "plain", "/var/x-1_2.json", "oss://b/p?region=cn-x&endpoint=http://h:1", "it's", "a b", "~", "$HOME", "`x`", "*", "[a]", "!x", "{a,b}", "=ls", "#x", "\n", `\`, "中",
		"-", "a=b", "a;b", "(x)", "<x>", "^x", "'", "''", `"`,
	}
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, shellWord(word))
	}
	for _, shell := range shells {
		program, err := exec.LookPath(shell[0])
		if err != nil {
			t.Logf("%s is not here", shell[0])
			continue
		}
		out, err := exec.Command(program, append(shell[1:], `printf '%s\0' `+strings.Join(quoted, " "))...).Output()
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); err != nil || !slices.Equal(got, words) {
			t.Errorf("%s reads %q, %v\nwant %q", shell[0], got, err, words)
		}
	}
}

// TestExamples runs the examples of all help texts in each shell, with a vodctl that notes how it was called, and
// checks that vodctl understands these calls.
func TestExamples(t *testing.T) {
	t.Parallel()
	stubs := t.TempDir()
	for name, text := range map[string]string{
		"vodctl": "#!/bin/sh\nprintf '%s\\0' \"$@\" end >>\"$CALLS\"\ncat >/dev/null </dev/null\n", "jq": "#!/bin/sh\n", "curl": "#!/bin/sh\n",
	} {
		check(t, os.WriteFile(filepath.Join(stubs, name), []byte(text), 0o700))
	}
	examples := 0
	for _, cmd := range allCommands(newRoot()) {
		if cmd.Example == "" {
			if cmd.Runnable() && !strings.Contains(cmd.CommandPath(), "completion") && cmd.Name() != "help" {
				t.Errorf("%s has no example", cmd.CommandPath())
			}
			continue
		}
		for _, example := range strings.Split(strings.ReplaceAll(cmd.Example, "|\n", "| "), "\n") {
			examples++
			for _, shell := range shells {
				t.Run(fmt.Sprintf("%s/%s", shell[0], strings.TrimSpace(example)), func(t *testing.T) {
					t.Parallel()
					for _, args := range calls(t, shell, stubs, example) {
						understood(t, args)
					}
				})
			}
		}
	}
	if examples < 20 {
		t.Errorf("there are %d examples only", examples)
	}
}

// calls runs a line in a shell and returns the arguments of each call of vodctl.
func calls(t *testing.T, shell []string, stubs, line string) [][]string {
	program, err := exec.LookPath(shell[0])
	if err != nil {
		t.Skipf("%s is not here", shell[0])
	}
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "function.log"), nil, 0o600))
	noted := filepath.Join(dir, "calls")
	cmd := exec.Command(program, append(shell[1:], line)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+stubs+":"+os.Getenv("PATH"), "CALLS="+noted)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(noted)
	check(t, err)
	var all [][]string
	var args []string
	for arg := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte{0}), []byte{0}) {
		if string(arg) == "end" {
			all, args = append(all, args), nil
		} else {
			args = append(args, string(arg))
		}
	}
	if len(all) == 0 {
		t.Error("it calls no vodctl")
	}
	return all
}

// understood checks that vodctl understands a command line.
func understood(t *testing.T, args []string) {
	cmd, rest, err := newRoot().Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil || !cmd.Runnable() || cmd.Name() == "vodctl" {
		t.Errorf("%q: %v", args, err)
	}
}

func allCommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}
