package redact

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fakeS writes a command that stands for `s`, and returns how to call it.
func fakeS(t *testing.T, script string) []string {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell to play the command")
	}
	file := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{shell, file, "deploy", "-y"}
}

// TestRun plays a deployment that rotates a key, as fc3 prints it.
func TestRun(t *testing.T) {
	t.Parallel()
	args := fakeS(t, `
echo "Steps for [deploy] of [vod-callback-recorder]"
echo "Function vod-callback-recorder was changed, please confirm before deployment:"
echo "environmentVariables: "
echo "   VOD_CALLBACK_KEYS: Old0Key => New1Key,Old0Key"
echo "key New1Key is refused" >&2
echo "Callback URL -> https://vod-callb-recorder-abc.cn-shanghai.fcapp.run"
printf "region: cn-shanghai\nenvironmentVariables: \n  VOD_CALLBACK_KEYS: New1Key,Old0Key\n"
cat
exit 101
`)
	var stdout, stderr bytes.Buffer
	status, err := Run(New(variables, []string{"New1Key,Old0Key"}), args, strings.NewReader("typed\n"), &stdout, &stderr)
	if err != nil || status != 101 {
		t.Errorf("status %d, %v, want 101", status, err)
	}
	for _, key := range []string{"New1Key", "Old0Key"} {
		if strings.Contains(stdout.String()+stderr.String(), key) {
			t.Errorf("%s is shown:\n%s%s", key, &stdout, &stderr)
		}
	}
	for _, want := range []string{"https://vod-callb-recorder-abc.cn-shanghai.fcapp.run\n", "was changed", "typed\n"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is lost:\n%s", want, &stdout)
		}
	}
	if want := "key [redacted] is refused\n"; stderr.String() != want {
		t.Errorf("standard error has %q, want %q", &stderr, want)
	}
}

func TestRunSucceeds(t *testing.T) {
	t.Parallel()
	if status, err := Run(New(variables, nil), fakeS(t, "exit 0"), nil, io.Discard, io.Discard); status != 0 || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
}

func TestRunWithoutCommand(t *testing.T) {
	t.Parallel()
	if _, err := Run(New(variables, nil), []string{filepath.Join(t.TempDir(), "s")}, nil, io.Discard, io.Discard); err == nil {
		t.Error("a command that is not there ran")
	}
}

// TestRunSignals sends this process a signal as soon as the command is ready: the command gets it, and its end is
// the end of the call.
func TestRunSignals(t *testing.T) {
	for _, tt := range []struct {
		name, trap string
		status     int
	}{
		{"handled", `trap 'echo caught; exit 7' HUP`, 7},
		{"not handled", "", 128 + int(syscall.SIGHUP)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := fakeS(t, tt.trap+"\necho ready\nwhile :; do sleep 0.1; done\n")
			ready := writer(func(p []byte) (int, error) {
				if bytes.Contains(p, []byte("ready")) {
					if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
						t.Error(err)
					}
				}
				return len(p), nil
			})
			if status, err := Run(New(variables, nil), args, nil, ready, io.Discard); status != tt.status || err != nil {
				t.Errorf("status %d, %v, want %d", status, err, tt.status)
			}
		})
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestRunOutlivesItsReader writes more than a pipe holds after the reader is gone: the command still ends.
func TestRunOutlivesItsReader(t *testing.T) {
	t.Parallel()
	gone := writer(func([]byte) (int, error) { return 0, io.ErrClosedPipe })
	args := fakeS(t, "i=0\nwhile [ $i -lt 3000 ]; do echo 'a line of some sixty characters, so that the pipe gets full .'; i=$((i+1)); done\nexit 3\n")
	if status, err := Run(New(variables, nil), args, nil, gone, io.Discard); status != 3 || err != nil {
		t.Errorf("status %d, %v, want 3", status, err)
	}
}
