//go:build unix

// Package docs_test runs the commands that the documents show, and follows their links.
package docs_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pages returns the English documents. Those in Chinese have the same commands, which TestLanguages checks.
func pages(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, ".zh-CN.md") })
	return append(names, root+"/README.md", root+"/CONTRIBUTING.md", root+"/SECURITY.md")
}

// TestCommands runs the ```console blocks of each page, in order and in one shell, in a fresh copy of the tree
// with what 'make build' makes, and compares what they print with what the page shows.
//
// Two kinds of blocks are not run, and say so: one under a paragraph with a ☁, which needs the cloud, and
// one after <!-- not run: REASON -->. In shown output, … stands for anything, and a line … for any number of lines.
// Times, IDs, digests and the white space between columns are not compared.
func TestCommands(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the shown commands run target/main, which is built for linux/amd64")
	}
	for _, tool := range []string{"bash", "make", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	built := copyTree(t)
	if out, err := command(t.Context(), t, built, "make", "build").CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	for _, page := range pages(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			blocks, err := parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			dir := copyTree(t)
			if err := os.CopyFS(filepath.Join(dir, "target"), os.DirFS(filepath.Join(built, "target"))); err != nil {
				t.Fatal(err)
			}
			runBlocks(t, dir, blocks)
		})
	}
}

func runBlocks(t *testing.T, dir string, blocks []block) {
	t.Helper()
	sh := newShell(t, dir)
	for _, b := range blocks {
		if b.notRun != "" {
			t.Logf("line %d: not run: %s", b.line, b.notRun)
			continue
		}
		for _, c := range b.steps {
			got, err := sh.run(c)
			if err != nil {
				t.Fatalf("line %d: $ %s\n%s\n%v", c.line, c.command, got, err)
			}
			if !matches(c.shown, got) {
				t.Errorf("line %d: $ %s\nprinted\n%s\nbut the page shows\n%s", c.line, c.command, got, c.shown)
			}
		}
	}
}

// copyTree returns a copy of the tree as a clone would have it: without what was built or recorded, and without
// anybody's .env.
func copyTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		switch {
		case slices.Contains([]string{".git", ".env", "target", "dist", "outcomes", "sample-outcomes"}, name):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, info.Mode())
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command returns a command that runs in dir with an empty home, and without this account's credentials and the
// configuration of any function.
func command(ctx context.Context, t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC", "GOFLAGS=-buildvcs=false"}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOTOOLCHAIN"} {
		value, err := exec.CommandContext(ctx, "go", "env", name).Output()
		if err != nil {
			t.Fatalf("go env %s: %v", name, err)
		}
		cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(value)))
	}
	return cmd
}

// A shell is a bash that takes one command after the other.
type shell struct {
	in   io.Writer
	out  *bufio.Reader
	port string // stands in for 9000, so that tests that run at the same time do not meet
}

// patience is how long the commands of one page may take. 'make run' builds.
const patience = 3 * time.Minute

func newShell(t *testing.T, dir string) *shell {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := command(ctx, t, dir, "bash")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it leaves behind can be ended
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	return &shell{in: in, out: bufio.NewReader(out), port: freePort(t)}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// run runs one command and returns what it printed.
func (s *shell) run(c step) (string, error) {
	line := strings.ReplaceAll(c.command, ":9000", ":"+s.port)
	line = strings.ReplaceAll(line, "vodctl serve ", "vodctl serve --addr 127.0.0.1:"+s.port+" ")
	const end = "\x1eend of the output"
	if _, err := fmt.Fprintf(s.in, "{\n%s\n} </dev/null\necho '%s'\n", line, end); err != nil {
		return "", err
	}
	var got strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		before, ended := strings.CutSuffix(line, end+"\n")
		got.WriteString(strings.ReplaceAll(before, ":"+s.port, ":9000"))
		if err != nil {
			return got.String(), fmt.Errorf("the shell ended, or took longer than %v: %w", patience, err)
		}
		if ended {
			return got.String(), nil
		}
	}
}

// A block is one ```console block of a page.
type block struct {
	line   int
	notRun string // why it is not run
	steps  []step
}

// A step is one command and what the page shows of its output.
type step struct {
	line           int
	command, shown string
}

var notRun = regexp.MustCompile(`^<!-- not run: (.+) -->$`)

// parse returns the ```console blocks of a page. A command begins with "$ "; it goes on over lines that end in
// a backslash, a pipe or an open quote.
func parse(page string) ([]block, error) {
	var blocks []block
	var paragraph, mark string
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch m := notRun.FindStringSubmatch(line); {
		case m != nil:
			mark = m[1]
		case line == "```console":
			b := block{line: i + 1, notRun: mark}
			if b.notRun == "" && strings.Contains(paragraph, "☁") {
				b.notRun = "it needs the cloud"
			}
			first := i + 1
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			}
			if i == len(lines) {
				return nil, fmt.Errorf("line %d: the block has no end", b.line)
			}
			var err error
			if b.steps, err = parseSteps(lines[first:i], first); err != nil {
				return nil, err
			}
			blocks = append(blocks, b)
			paragraph, mark = "", ""
		case strings.HasPrefix(line, "```"):
			for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			}
			paragraph, mark = "", ""
		case line != "" && i > 0 && strings.TrimSpace(lines[i-1]) == "":
			paragraph = line
		default:
			paragraph += " " + line
		}
	}
	return blocks, nil
}

func parseSteps(lines []string, before int) (steps []step, err error) {
	goesOn := false
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		first, isCommand := strings.CutPrefix(trimmed, "$ ")
		switch {
		case isCommand && !goesOn:
			steps = append(steps, step{line: before + i + 1, command: first})
		case len(steps) == 0:
			return nil, fmt.Errorf("line %d: the block does not begin with a command: %s", before+i+1, line)
		case goesOn:
			steps[len(steps)-1].command += "\n" + line
		default:
			steps[len(steps)-1].shown += trimmed + "\n"
			continue
		}
		command := steps[len(steps)-1].command
		goesOn = strings.HasSuffix(command, "\\") || strings.HasSuffix(command, "|") || strings.Count(command, "'")%2 == 1
	}
	return steps, nil
}

// masks are what differs from one run to the next.
var masks = []struct {
	re *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z)?`), "TIME"},
	{regexp.MustCompile(`\d{8}T\d{6}Z`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DAY"},
	{regexp.MustCompile(`\b1-[0-9a-f]{8}-[0-9a-f]+(-[0-9a-f]+)?`), "REQUEST"},
	{regexp.MustCompile(`\b[0-9a-fA-F]{12,64}\b`), "ID"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(ms|s| ms| s|µs| µs)\b`), "DURATION"},
	{regexp.MustCompile(`\bgo1\.\d+(\.\d+)?`), "GO"},
	{regexp.MustCompile(`[ \t]+`), " "},
}

func mask(s string) string {
	for _, m := range masks {
		s = m.re.ReplaceAllString(s, m.as)
	}
	return strings.TrimSpace(s)
}

// matches reports whether got is what shown says, line by line.
func matches(shown, got string) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.Lines(shown) {
		line = mask(line)
		if line == "…" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		parts := strings.Split(line, "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.Join(parts, `.*`) + `\n`)
	}
	pattern.WriteString(`\z`)
	var masked strings.Builder
	for line := range strings.Lines(got) {
		masked.WriteString(mask(line) + "\n")
	}
	return regexp.MustCompile(pattern.String()).MatchString(masked.String())
}

func TestMatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, shown, got string
		want             bool
	}{
		{"the same", "a b\n", "a b\n", true},
		{"nothing", "", "", true},
		{"output that is not shown", "", "a\n", false},
		{"shown output that does not come", "a\n", "", false},
		{"another column width", "a  b\n", "a      b  \n", true},
		{"other times and IDs", "2026-11-22T16:17:02.68Z 0929cc80bd73\n", "2027-01-01T00:00:00Z 304fc3d62bc1\n", true},
		{"another word", "2026-11-22 success\n", "2026-11-22 fail\n", false},
		{"a part left out", "a … d\n", "a b c d\n", true},
		{"a part left out, another end", "a … d\n", "a b c e\n", false},
		{"lines left out", "a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"no lines to leave out", "a\n…\n", "a\n", true},
		{"the rest left out, another beginning", "a\n…\n", "b\n", false},
		{"other numbers", "3 recorded\n", "4 recorded\n", false},
		{"another duration", "0.9 ms\n", "12 ms\n", true},
	}
	for _, tt := range tests {
		if got := matches(tt.shown, tt.got); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	blocks, err := parse("Text.\n\n```console\n$ a |\n    b\nout\n$ c\n```\n\nAsk ☁\nthere:\n\n```console\n$ d\n```\n\nThen here:\n\n<!-- not run: takes hours -->\n```console\n$ e\n```\n\n- item\n\n  ```console\n  $ f\n  out\n  ```\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []block{
		{line: 3, steps: []step{{line: 4, command: "a |\n    b", shown: "out\n"}, {line: 7, command: "c"}}},
		{line: 13, notRun: "it needs the cloud", steps: []step{{line: 14, command: "d"}}},
		{line: 20, notRun: "takes hours", steps: []step{{line: 21, command: "e"}}},
		{line: 26, steps: []step{{line: 27, command: "f", shown: "out\n"}}},
	}
	if !reflect.DeepEqual(blocks, want) {
		t.Errorf("got  %+v\nwant %+v", blocks, want)
	}
	for _, bad := range []string{"```console\nout\n```\n", "```console\n$ a\n"} {
		if blocks, err := parse(bad); err == nil {
			t.Errorf("%q: %v, want an error", bad, blocks)
		}
	}
}
