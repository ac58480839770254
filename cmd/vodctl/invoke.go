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

// functionFlags are the flags of every command that runs the function.
type functionFlags struct {
	function string
	env      []string
	timeout  time.Duration
}

func (ff *functionFlags) add(f *pflag.FlagSet) {
	f.StringVar(&ff.function, "function", "", "the built function (default: target/main, else main next to vodctl)")
	f.StringArrayVar(&ff.env, "env", nil, "an environment variable of the function, NAME=VALUE (repeatable)")
	f.DurationVar(&ff.timeout, "timeout", 10*time.Second, "the timeout of one invocation")
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

// find returns the path of the function: the one that --function names, or else where 'make build' puts it, or
// else next to vodctl.
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
	return "", fmt.Errorf("there is no function at %s: build it with 'make build', or name it with --function", strings.Join(places, " or "))
}

// hostFunction returns the path, below target/, at which 'make build' puts the function for this machine. If this
// machine is not linux/amd64 as in the cloud, it is a separate build.
func hostFunction() string {
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return "main"
	}
	return filepath.Join("host", "main")
}

// getenv returns the value that the function will see for a variable.
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
		Short: "Invoke the built function with payloads and print its answers",
		Long: `Start the built function with a local runtime API, invoke it with each payload, and
print each answer on one line. The function's log goes to standard error.

The function gets this command's environment and the variables of --env. The region,
account and credentials of the invocation context come from these variables:
FC_REGION, FC_ACCOUNT_ID, ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET
and ALIBABA_CLOUD_SECURITY_TOKEN.

The exit status is 1 if an invocation failed. An HTTP answer with an error status is
not a failed invocation.`,
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
			defer rt.Close() //nolint:errcheck // Close kills the function; its error does not matter here
			return invokeAll(cmd, rt, payloads)
		},
	}
	ff.add(cmd.Flags())
	cmd.Flags().StringArrayVarP(&files, "event-file", "e", nil, "a file with one payload; - means standard input (repeatable; default: -)")
	return cmd
}

// stdin returns a command's standard input. If that is a terminal, it prints what the command waits for.
func stdin(cmd *cobra.Command) io.Reader {
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Waiting for input: paste it, then press Enter and %s. Press Ctrl-C to stop.\n", end)
	}
	return in
}

var errInterruptedCommand = errors.New("interrupted")

// readAll reads in until its end, or until ctx ends, because input from a terminal may never end.
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

// readFiles reads all payloads before the first invocation, so that a missing file stops the command before it
// changes anything.
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

// invokeAll prints the answers in order, also those of failed invocations. It returns an error if any failed.
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

// oneLine removes the line breaks that the SDK puts into its JSON errors. It returns other payloads unchanged.
func oneLine(payload []byte) []byte {
	v := jsontext.Value(bytes.TrimSpace(payload))
	if err := v.Compact(); err != nil {
		return payload
	}
	return v
}
