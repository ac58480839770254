package check

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// uploaded are the files that the function needs. Nothing else in its folder may be uploaded.
var uploaded = []string{"main", "NOTICES"}

// Folder checks what `s deploy` would upload from the folder of a build.
func Folder(dir string) (problems []string) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // the action before the deployment creates it
	}
	problem := func(format string, args ...any) { problems = append(problems, dir+": "+fmt.Sprintf(format, args...)) }
	ignored, err := ignore(filepath.Join(dir, ".fcignore"))
	if err != nil {
		problem("%v", err)
		return problems
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		problem("%v", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if name != ".fcignore" && !slices.Contains(uploaded, name) && !ignored(name) {
			problem("%s would be uploaded with the function: want .fcignore as make build writes it", name)
		}
		if name == "main" && ignored(name) {
			problem(".fcignore leaves main out: there would be nothing to run")
		}
	}
	return append(problems, executable(filepath.Join(dir, "main"))...)
}

// ignore reads .fcignore: a pattern for everything, names, and negated names.
func ignore(file string) (func(name string) bool, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: a file of the folder that is deployed
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return func(name string) bool {
		ignored := false
		for line := range strings.Lines(string(text)) {
			pattern, keep := strings.CutPrefix(strings.TrimSpace(line), "!")
			if matched, err := filepath.Match(strings.Trim(pattern, "/"), name); err == nil && matched && pattern != "" {
				ignored = !keep
			}
		}
		return ignored
	}, nil
}

// executable checks the file that go1 starts: it must be a static executable for linux/amd64.
func executable(file string) (problems []string) {
	info, err := os.Stat(file)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v: run make build", file, errors.Unwrap(err))}
	}
	if info.Mode()&0o111 == 0 {
		problems = append(problems, file+" is not executable")
	}
	f, err := elf.Open(file)
	if err != nil || f.Machine != elf.EM_X86_64 {
		return append(problems, file+" is not an executable for linux/amd64: run make build")
	}
	defer func() { _ = f.Close() }()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		problems = append(problems, file+" needs libraries that the platform may not have: build it with CGO_ENABLED=0")
	}
	return problems
}
