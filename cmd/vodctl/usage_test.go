package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	words := []string{"list", "show", "report", "replay", "generate-event"}
	for typed, want := range map[string]string{
		"lsit": "list", "ls": "", "li": "list", "shwo": "show", "repot": "report", "relpay": "replay", "gen": "generate-event", "generte-evnt": "generate-event",
		"": "", "x": "", "delete": "", "zzzzzzzzzzzz": "", "中": "",
	} {
		got := didYouMean(typed, words)
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

// TestHelpFits checks that help texts fit 80 columns. Examples are excepted: a command is one line.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	for _, cmd := range allCommands(newRoot()) {
		if strings.Contains(cmd.CommandPath(), "completion") {
			continue // cobra's own
		}
		var out bytes.Buffer
		cmd.SetOut(&out)
		check(t, cmd.Help())
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if textWidth(line) > 80 && !strings.Contains(cmd.Example, line) {
				t.Errorf("%s --help: %q is %d wide", cmd.CommandPath(), line, textWidth(line))
			}
		}
	}
}
