package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is the maximum width of help texts. Longer lines are hard to read.
const helpWidth = 80

// init changes settings that cobra keeps for the whole package.
func init() {
	cobra.EnableCommandSorting = false // keep the order of the groups
	cobra.AddTemplateFunc("wrapped", func(text string) string { return wrap(text, columns()) })
}

// columns returns the width of help texts: the terminal's, but at most helpWidth.
func columns() int {
	if w := terminalWidth(os.Stdout); w > 0 {
		return min(w, helpWidth)
	}
	return helpWidth
}

// setHelp makes cmd and its subcommands wrap their help texts to the terminal's width.
func setHelp(cmd *cobra.Command) {
	cmd.SetHelpTemplate(strings.ReplaceAll(cmd.HelpTemplate(), "{{. | trimTrailingWhitespaces}}", "{{. | wrapped}}"))
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", columns())))
}

// wrap fills the paragraphs of text again, so that no line is wider than width unless it is a single word.
// Paragraphs are separated by empty lines.
func wrap(text string, width int) string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var b strings.Builder
		column := 0
		for word := range strings.FieldsSeq(paragraph) {
			switch w := textWidth(word); {
			case column == 0:
				column = w
			case column+1+w > width:
				b.WriteByte('\n')
				column = w
			default:
				b.WriteByte(' ')
				column += 1 + w
			}
			b.WriteString(word)
		}
		paragraphs = append(paragraphs, b.String())
	}
	return strings.Join(paragraphs, "\n\n")
}
