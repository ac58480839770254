package redact

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// Run runs a command, filters its output through f, and forwards signals to it. It returns the exit status. If a signal
// ended the command, that is 128 plus the signal's number, as in a shell.
func Run(f *Filter, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // G204: the caller names the command
	cmd.Stdin = stdin
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s) // it has ended already, or it gets the signal
			case <-ended:
				return
			}
		}
	}()
	var copied sync.WaitGroup
	copied.Go(func() { copyAll(f, stdout, out) })
	copied.Go(func() { copyAll(f, stderr, errs) })
	copied.Wait()
	return status(cmd.Wait())
}

// copyAll reads to the end, also after a write error, so that the command never blocks on its output.
func copyAll(f *Filter, dst io.Writer, src io.Reader) {
	if f.Copy(dst, src) != nil {
		_, _ = io.Copy(io.Discard, src)
	}
}

func status(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal()), nil
	}
	return exit.ExitCode(), nil
}
