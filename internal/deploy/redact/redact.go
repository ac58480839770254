// Package redact removes secrets from the output of a command, line by line.
//
// Serverless Devs prints the function's environment: the plan of fc3 shows each changed variable as
// `VOD_CALLBACK_KEYS: OLD => NEW`, and the result lists all of them. No option turns the first one off.
package redact

import (
	"bufio"
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Mark replaces a secret.
const Mark = "[redacted]"

// shortest is the minimum length of a value that is replaced anywhere. VOD and IMS require an upper-case letter, a
// lower-case letter and a digit in a key, so no key is shorter.
const shortest = 3

// A Filter replaces secrets with Mark. It replaces known values everywhere, and unknown values after the name of a
// secret variable.
type Filter struct {
	values []string // longest first, so that no part of a longer value is left
	name   *regexp.Regexp
}

// New returns a Filter for these variables. The values are lists separated by commas, such as VOD_CALLBACK_KEYS. Each
// entry is a secret.
func New(variables, values []string) *Filter {
	var entries []string
	for _, value := range values {
		for entry := range strings.SplitSeq(value, ",") {
			if entry = strings.TrimSpace(entry); len(entry) >= shortest {
				entries = append(entries, entry)
			}
		}
	}
	slices.SortFunc(entries, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	// The name, and what separates it from its value: a quote (escaped for JSON inside JSON), a colon or an equals sign.
	name := regexp.MustCompile(`\b(?:` + strings.Join(variables, "|") + `)(\\*["']?)\s*[:=]`)
	return &Filter{values: slices.Compact(entries), name: name}
}

// Copy writes the lines of src to dst without the secrets, each line as soon as it is complete.
func (f *Filter) Copy(dst io.Writer, src io.Reader) error {
	in := bufio.NewReader(src)
	block := -1 // the indentation of a secret whose value follows on indented lines
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			body := strings.TrimRight(line, "\r\n")
			end := line[len(body):]
			if block >= 0 && (strings.TrimSpace(body) == "" || indentation(body) > block) {
				body = strings.Repeat(" ", indentation(body)) + Mark
			} else {
				body, block = f.line(body)
			}
			if _, err := io.WriteString(dst, body+end); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

var (
	color = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// folded matches the start of a YAML text that follows on the next lines.
	folded = regexp.MustCompile(`^[|>][+-]?[0-9]?$`)
)

func indentation(line string) int {
	line = color.ReplaceAllString(line, "")
	return len(line) - len(strings.TrimLeft(line, " "))
}

// line returns the line without secrets. If a secret follows on the next lines, block is the indentation of its name,
// or else -1.
func (f *Filter) line(line string) (redacted string, block int) {
	for _, value := range f.values {
		line = strings.ReplaceAll(line, value, Mark)
	}
	block = -1
	var out strings.Builder
	for {
		at := f.name.FindStringSubmatchIndex(line)
		if at == nil {
			out.WriteString(line)
			return out.String(), block
		}
		out.WriteString(line[:at[1]])
		rest := line[at[1]:]
		if quote := line[at[2]:at[3]]; quote != "" { // a member of a JSON object: the rest of the line is not the value
			skipped, tail := quoted(rest, quote)
			out.WriteString(skipped)
			line = tail
			continue
		}
		value := strings.TrimSpace(color.ReplaceAllString(rest, ""))
		switch {
		case strings.HasPrefix(value, Mark) && !strings.Contains(rest, "=>"): // a message about the variable, redacted at its source
			out.WriteString(rest)
		case value == "" || folded.MatchString(value):
			block = indentation(line)
			out.WriteString(rest)
		default:
			out.WriteString(" " + Mark)
			if strings.Contains(line, "\x1b[") {
				out.WriteString("\x1b[0m")
			}
		}
		return out.String(), block
	}
}

// quoted splits text, which begins with a quoted value, into the value, redacted, and what follows it.
func quoted(text, quote string) (value, tail string) {
	trimmed := strings.TrimLeft(text, " ")
	if !strings.HasPrefix(trimmed, quote) { // null, a number, an object
		return " " + Mark, ""
	}
	inside := trimmed[len(quote):]
	for from := 0; ; {
		i := strings.Index(inside[from:], quote)
		if i < 0 {
			return " " + quote + Mark, ""
		}
		i += from
		if i == 0 || inside[i-1] != '\\' { // else it is escaped, and part of the value
			return " " + quote + Mark + quote, inside[i+len(quote):]
		}
		from = i + len(quote)
	}
}
