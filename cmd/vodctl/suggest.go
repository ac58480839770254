package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// suggest writes command lines of vodctl on lines of their own, to be pasted into a shell.
func suggest(w io.Writer, commands ...string) {
	for _, c := range commands {
		fmt.Fprintf(w, "  %s\n", c)
	}
}

// commandLine returns a command of vodctl as a shell takes it, under the name that vodctl was started by.
func commandLine(args ...string) string {
	words := []string{shellWord(os.Args[0])}
	for _, arg := range args {
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

// shellWord returns text as one word of a POSIX shell. A ? or & of a URL, which zsh and every shell take for
// something else, is quoted.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,@%+"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// command returns a command that reads the same store, as it was named.
func (s source) command(args ...string) string { return commandLine(append(args, s.flags...)...) }

// replay returns a command that reads the same store and records in it.
func (s source) replay(args ...string) string {
	args = append([]string{"replay"}, args...)
	for i := 0; i+1 < len(s.flags); i += 2 {
		if s.flags[i] == "--from" {
			args = append(args, "--to", s.flags[i+1])
		}
	}
	return s.command(args...)
}
