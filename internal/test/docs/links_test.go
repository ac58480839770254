package docs_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

const root = "../../.."

var (
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"`)
	heading = regexp.MustCompile(`^#{1,6} (.+)$`)
)

// TestLinks finds what every link inside the project leads to: the file, and the heading in it.
func TestLinks(t *testing.T) {
	t.Parallel()
	var documents []string
	for _, pattern := range []string{"/*.md", "/docs/*.md", "/.github/*.md"} {
		names, err := filepath.Glob(root + pattern)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, names...)
	}
	if len(documents) < 10 {
		t.Fatalf("there are only %d documents: %q", len(documents), documents)
	}
	for _, name := range documents {
		for _, m := range link.FindAllStringSubmatch(prose(t, name), -1) {
			target := m[1] + m[2]
			u, err := url.Parse(target)
			if err != nil || u.IsAbs() {
				if err != nil || u.Scheme != "https" {
					t.Errorf("%s: the link %s is neither https nor inside the project", name, target)
				}
				continue
			}
			file := name
			if u.Path != "" {
				file = filepath.Join(filepath.Dir(name), filepath.FromSlash(u.Path))
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: the link %s: %v", name, target, err)
			} else if u.Fragment != "" && !anchors(t, file)[u.Fragment] {
				t.Errorf("%s: the link %s: there is no such heading", name, target)
			}
		}
	}
}

// prose returns the text of a document without its code blocks.
func prose(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	inside := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
			continue
		}
		if !inside {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// anchors returns the anchors of the headings of a document.
func anchors(t *testing.T, name string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for line := range strings.Lines(prose(t, name)) {
		if m := heading.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			found[anchor(m[1])] = true
		}
	}
	return found
}

// anchor returns the name that GitHub gives to a heading: letters and digits in lower case, and a hyphen for each
// blank.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}
