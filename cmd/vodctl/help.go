package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// helpWidth is how wide help texts are at the most. Longer lines are hard to read.
const helpWidth = 80

// These are settings of the whole package cobra.
func init() {
	cobra.EnableCommandSorting = false // the groups have an order
	cobra.AddTemplateFunc("wrapped", func(text string) string { return wrap(text, columns()) })
}

// columns is how wide help texts are: as the terminal, or less.
func columns() int {
	if w := terminalWidth(os.Stdout); w > 0 {
		return min(w, helpWidth)
	}
	return helpWidth
}

// setHelp has cmd and its commands wrap their help texts to the terminal.
func setHelp(cmd *cobra.Command) {
	cmd.SetHelpTemplate(strings.ReplaceAll(cmd.HelpTemplate(), "{{. | trimTrailingWhitespaces}}", "{{. | wrapped}}"))
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", columns())))
}

// wrap breaks the lines of text anew, so that none is wider than width where it has a blank. Paragraphs are
// separated by empty lines.
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
