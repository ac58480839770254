package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// suggest writes command lines of vodctl, one on each line, to be pasted into a shell.
func suggest(w io.Writer, commands ...string) {
	for _, c := range commands {
		fmt.Fprintf(w, "  %s\n", c)
	}
}

// commandLine returns a command line of vodctl, quoted for a shell, with the name by which vodctl was started.
func commandLine(args ...string) string {
	words := []string{shellWord(os.Args[0])}
	for _, arg := range args {
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

// shellWord returns text as one word of a POSIX shell. It also quotes the ? of a URL, which is a pattern in zsh.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,@%+"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// command returns a command line that reads the same store, under the same name.
func (s source) command(args ...string) string { return commandLine(append(args, s.flags...)...) }

// replay returns a replay command line that reads from and records to the same store.
func (s source) replay(args ...string) string {
	args = append([]string{"replay"}, args...)
	for i := 0; i+1 < len(s.flags); i += 2 {
		if s.flags[i] == "--from" {
			args = append(args, "--to", s.flags[i+1])
		}
	}
	return s.command(args...)
}
