// Package sdevs reads the inputs of Serverless Devs other than s.yaml: the file .env, and the accounts of
// `s config add`.
package sdevs

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// An Env looks up variables as Serverless Devs does: first those of the process, then those of .env.
type Env struct {
	process func(string) (string, bool)
	file    map[string]string
}

// ReadEnv reads the file, if it exists. process looks up the variables of the process.
func ReadEnv(file string, process func(string) (string, bool)) (*Env, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: the caller names the file
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	e := &Env{process: process, file: map[string]string{}}
	var names []string
	for _, m := range assignment.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\r\n", "\n"), -1) {
		if _, again := e.file[m[1]]; !again {
			names = append(names, m[1])
		}
		e.file[m[1]] = unquote(m[2])
	}
	for _, name := range names {
		e.file[name] = strings.ReplaceAll(e.expand(e.file[name]), `\$`, `$`)
	}
	return e, nil
}

// Lookup returns a variable. That of the process takes precedence, even if it is empty.
func (e *Env) Lookup(name string) (string, bool) {
	if v, ok := e.process(name); ok {
		return v, true
	}
	v, ok := e.file[name]
	return v, ok
}

// InFile returns the value of the variable in the file, also if the process has the same variable.
func (e *Env) InFile(name string) string { return e.file[name] }

// FileNames returns the variables that the file sets, in order of their names.
func (e *Env) FileNames() []string { return slices.Sorted(maps.Keys(e.file)) }

// assignment is a line of .env, by the rules of the npm package dotenv.
var assignment = regexp.MustCompile("(?m)^\\s*(?:export\\s+)?([\\w.-]+)(?:\\s*=\\s*?|:\\s+?)" +
	"(\\s*'(?:\\\\'|[^'])*'|\\s*\"(?:\\\\\"|[^\"])*\"|\\s*`(?:\\\\`|[^`])*`|[^#\\n]+)?[^\\S\\n]*(?:#.*)?$")

func unquote(v string) string {
	v = strings.TrimSpace(v)
	if len(v) < 2 || !strings.ContainsRune("'\"`", rune(v[0])) || v[0] != v[len(v)-1] {
		return v
	}
	quote := v[0]
	v = v[1 : len(v)-1]
	if quote == '"' {
		v = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(v)
	}
	return v
}

// reference is a variable in a value, by the rules of the npm package dotenv-expand.
var reference = regexp.MustCompile(`^\$\{?(\w+)(?::-([^}\\]*))?\}?`)

// expand replaces $NAME, ${NAME} and ${NAME:-DEFAULT}, the last one first. A dollar sign after a backslash is literal.
func (e *Env) expand(value string) string {
	for end := len(value); ; {
		i := strings.LastIndexByte(value[:end], '$')
		if i < 0 {
			return value
		}
		end = i
		m := reference.FindStringSubmatch(value[i:])
		if m == nil || i > 0 && value[i-1] == '\\' {
			continue
		}
		v, _ := e.Lookup(m[1])
		if v == "" {
			v = m[2]
		}
		value = value[:i] + v + value[i+len(m[0]):]
		end = i + len(v)
	}
}
