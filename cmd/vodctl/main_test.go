package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// functionPath is the path of the built function, for the scripts ($FUNCTION).
var functionPath string

func TestMain(m *testing.M) {
	// testscript runs this binary again as vodctl; only the first run builds the function.
	if filepath.Base(os.Args[0]) != "vodctl" && os.Getenv("FUNCTION") == "" {
		dir, err := os.MkdirTemp("", "vodctl")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		functionPath = filepath.Join(dir, "main")
		build := exec.Command("go", "build", "-o", functionPath, "../function")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			os.Exit(1)
		}
		defer os.RemoveAll(dir)
	}
	testscript.Main(m, map[string]func(){"vodctl": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Abs("../../events/testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "", // writes what cmp compares with; look at the difference
		Setup: func(e *testscript.Env) error {
			e.Setenv("FUNCTION", functionPath)
			e.Setenv("SAMPLES", samples)
			e.Setenv("RECORD_TIMEOUT", "1m")        // a busy machine changes nothing
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the detector would have every command wait a second
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mask":      mask,
			"curl":      curl,
			"serving":   startServer,
			"stopped":   stopServer,
			"deadport":  deadPort,
			"proxy502":  badGateway,
			"oss":       serveOSS,
			"get":       get,
			"hung":      awaitHang,
			"suggested": suggested,
			"jobs":      serveJobs,
		},
	})
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want int
	}{
		{"sign --url http://127.0.0.1/ --key k", 0},
		{"--help", 0},
		{"invoke --function nowhere -e main.go", 1},
		{"invoke -e nowhere.json", 1},
		{"", 2},
		{"nonsense", 2},
		{"sign", 2},
		{"sign --nonsense", 2},
		{"generate-event", 2},
		{"generate-event nonsense", 2},
		{"generate-event direct --count x", 2},
		{"invoke extra", 2},
		{"replay", 2},
		{"replay --to log: main.go", 2},
		{"replay --to file:///nowhere nowhere.log", 1},
	} {
		if got := run(strings.Fields(tt.args)); got != tt.want {
			t.Errorf("vodctl %s: exit status %d, want %d", tt.args, got, tt.want)
		}
	}
}

// mask replaces what matches a regular expression in a file: mask FILE REGEXP REPLACEMENT.
func mask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mask FILE REGEXP REPLACEMENT")
	}
	text := regexp.MustCompile(args[1]).ReplaceAllString(ts.ReadFile(args[0]), args[2])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// A server is a vodctl that runs in the background of a script.
type server struct {
	cmd   *exec.Cmd
	words bytes.Buffer  // on its standard error
	ended chan struct{} // when words is complete
}

// servers has each script's, by the script's name.
var servers sync.Map

// startServer starts vodctl with arguments that make it listen on a free port, and sets a variable to the host
// and port in the URL that it prints: serving NAME ARGS...
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: serving NAME ARGS...")
	}
	program, err := os.Executable()
	ts.Check(err)
	s := &server{cmd: exec.Command(program, args[1:]...), ended: make(chan struct{})}
	s.cmd.Args[0] = "vodctl" // which is what this binary runs as
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = scriptEnv(ts)
	stderr, err := s.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ts.Defer(func() { _ = s.cmd.Process.Kill() })
	servers.Store(ts.Name(), s)
	hosts := make(chan string, 1)
	go func() {
		defer close(s.ended)
		defer close(hosts)
		url := regexp.MustCompile(`on http://([^/]+)/`)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			fmt.Fprintln(&s.words, lines.Text())
			if m := url.FindStringSubmatch(lines.Text()); m != nil {
				hosts <- m[1]
			}
		}
	}()
	host, ok := <-hosts
	if !ok {
		ts.Fatalf("it does not serve: %s", s.words.String())
	}
	ts.Setenv(args[0], host)
}

// scriptEnv returns the environment of a script, as far as vodctl and shells look at it.
func scriptEnv(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"HOME", "PATH", "TMPDIR", "TZ", "RECORD_TO", "RECORD_TIMEOUT", "GORACE", "FUNCTION"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// stopServer interrupts the script's server, and writes what it said to a file: stopped FILE.
func stopServer(ts *testscript.TestScript, neg bool, args []string) {
	s, ok := servers.LoadAndDelete(ts.Name())
	if neg || len(args) != 1 || !ok {
		ts.Fatalf("usage: stopped FILE, after serving")
	}
	running := s.(*server)
	ts.Check(running.cmd.Process.Signal(os.Interrupt))
	<-running.ended
	ts.Check(running.cmd.Wait())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), running.words.Bytes(), 0o600))
}

// deadPort sets a variable to a port of the loopback interface that refuses connections for as long as the
// script runs: an outgoing connection has it. deadport NAME.
func deadPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deadport NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	c, err := net.Dial("tcp", l.Addr().String())
	ts.Check(err)
	ts.Defer(func() { _, _ = l.Close(), c.Close() })
	_, p, err := net.SplitHostPort(c.LocalAddr().String())
	ts.Check(err)
	ts.Setenv(args[0], p)
}

// curl posts a file with the headers in another, under another host's name where one is given, and prints
// status, content type and body: curl URL BODYFILE [HEADERFILE [HOST]].
func curl(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: curl URL BODYFILE [HEADERFILE [HOST]]")
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, args[0], strings.NewReader(ts.ReadFile(args[1])))
	ts.Check(err)
	if len(args) > 2 {
		for line := range strings.Lines(ts.ReadFile(args[2])) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			req.Header.Set(name, value)
		}
	}
	if len(args) > 3 {
		req.Host = args[3]
	}
	printAnswer(ts, req)
}

// printAnswer sends req and prints the status, the type and the text of the answer.
func printAnswer(ts *testscript.TestScript, req *http.Request) {
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = fmt.Fprintf(ts.Stdout(), "%d %s %s\n", resp.StatusCode, resp.Header.Get("Content-Type"), body)
	ts.Check(err)
}
