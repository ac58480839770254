package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/vod-callback/recorder/internal/local/fclocal"
)

// functionFlags are those of every command that runs the function.
type functionFlags struct {
	function string
	env      []string
	timeout  time.Duration
}

func (ff *functionFlags) add(f *pflag.FlagSet) {
	f.StringVar(&ff.function, "function", "", "the built function (default: target/main, else main beside vodctl)")
	f.StringArrayVar(&ff.env, "env", nil, "an environment variable of the function, NAME=VALUE (repeatable)")
	f.DurationVar(&ff.timeout, "timeout", 10*time.Second, "how long one invocation may take")
}

// start starts the function, with its log on standard error.
func (ff *functionFlags) start(log io.Writer) (*fclocal.Runtime, error) {
	for _, e := range ff.env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return nil, usagef("--env %q: want NAME=VALUE", e)
		}
	}
	if ff.timeout <= 0 {
		return nil, usagef("--timeout %v: want a positive duration", ff.timeout)
	}
	function, err := ff.find()
	if err != nil {
		return nil, err
	}
	return fclocal.Start(fclocal.Options{
		Function: function,
		Env:      ff.env,
		Timeout:  ff.timeout,
		Log:      log,
		Context:  fclocal.ContextFromEnv(ff.getenv),
	})
}

// find returns where the function is: as named, where 'make build' puts it, or beside vodctl.
func (ff *functionFlags) find() (string, error) {
	places := []string{ff.function}
	if ff.function == "" {
		places = []string{filepath.Join("target", hostFunction())}
		if program, err := os.Executable(); err == nil {
			places = append(places, filepath.Join(filepath.Dir(program), hostFunction()))
		}
	}
	for _, place := range places {
		if info, err := os.Stat(place); err == nil && !info.IsDir() {
			return filepath.Abs(place)
		}
	}
	return "", fmt.Errorf("the function is not at %s: build it with 'make build', or name it with --function", strings.Join(places, " or "))
}

// hostFunction is where 'make build' puts the function below target/. On another kind of machine than the cloud's
// it is the build for this one.
func hostFunction() string {
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return "main"
	}
	return filepath.Join("host", "main")
}

// getenv looks a variable up as the function will see it.
func (ff *functionFlags) getenv(name string) string {
	value := os.Getenv(name)
	for _, e := range ff.env {
		if n, v, _ := strings.Cut(e, "="); n == name {
			value = v
		}
	}
	return value
}

func newInvoke() *cobra.Command {
	var ff functionFlags
	var files []string
	cmd := &cobra.Command{
		Use:   "invoke [--event-file FILE]...",
		Short: "Hand payloads to the built function and print its answers",
		Long: `Start the built function against a local runtime API, hand it each payload, and
print each answer, one a line. The function's log goes to standard error.

The function has this command's environment, with --env on top. The invocation's
context (region, account, credentials) is taken from FC_REGION, FC_ACCOUNT_ID and
ALIBABA_CLOUD_ACCESS_KEY_ID, …_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN in it.

The exit status is 1 where an invocation failed. An HTTP answer of any status is
no failure of the invocation.`,
		Example: `  vodctl invoke --event-file events/testdata/mns-topic.json
  vodctl generate-event mns-queue-batch | vodctl invoke --env RECORD_TO=file:///tmp/outcomes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(files) == 0 {
				files = []string{"-"}
			}
			payloads, err := readFiles(cmd, files)
			if err != nil {
				return err
			}
			rt, err := ff.start(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer rt.Close() //nolint:errcheck // the function is killed, there is nothing left to fail
			return invokeAll(cmd, rt, payloads)
		},
	}
	ff.add(cmd.Flags())
	cmd.Flags().StringArrayVarP(&files, "event-file", "e", nil, "a file with one payload, - for standard input (repeatable; default: -)")
	return cmd
}

// stdin returns a command's standard input. Where that is a terminal it says what it waits for.
func stdin(cmd *cobra.Command) io.Reader {
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Waiting for input: paste it, press Enter and %s. Ctrl-C stops.\n", end)
	}
	return in
}

var errInterruptedCommand = errors.New("interrupted")

// readAll reads in to its end, or until ctx ends: a terminal may never come to an end.
func readAll(ctx context.Context, in io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(in)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, errInterruptedCommand
	}
}

// readFiles reads every payload before the first is handed over: a missing file changes nothing.
func readFiles(cmd *cobra.Command, files []string) ([][]byte, error) {
	payloads := make([][]byte, len(files))
	for i, name := range files {
		var err error
		if name == "-" {
			payloads[i], err = readAll(cmd.Context(), stdin(cmd))
		} else {
			payloads[i], err = os.ReadFile(name) //nolint:gosec // G304: reading the named file is the purpose
		}
		if err != nil {
			return nil, err
		}
	}
	return payloads, nil
}

// invokeAll prints the answers in order, failed ones too, and fails at the end if any did.
func invokeAll(cmd *cobra.Command, rt *fclocal.Runtime, payloads [][]byte) error {
	failed := 0
	for _, payload := range payloads {
		resp, err := rt.Invoke(cmd.Context(), payload)
		if cmd.Context().Err() != nil {
			return errInterruptedCommand
		}
		if err != nil {
			return err
		}
		if resp.Failed {
			failed++
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", oneLine(resp.Payload)); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d invocations failed", failed, len(payloads))
	}
	return nil
}

// oneLine returns JSON without the line breaks that the SDK puts into its errors; anything else as it is.
func oneLine(payload []byte) []byte {
	v := jsontext.Value(bytes.TrimSpace(payload))
	if err := v.Compact(); err != nil {
		return payload
	}
	return v
}
