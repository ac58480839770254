package main

import (
	"bytes"
	"strings"
	"testing"
)

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
