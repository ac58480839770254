// Command vodctl is the operator's command line for the outcomes of media production: it shows what was
// recorded, runs the function on a laptop without Docker or an account, and makes and signs sample events
// for it.
//
// Data goes to standard output, words to standard error. The exit status is 0 when done, 1 when the thing
// asked for failed, 2 for wrong usage, and 3 where reconcile found something missing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes the command line args and returns the exit status.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, errMissing) {
		return 3
	}
	// Silent is for failures whose explanation is among the data.
	if !errors.Is(err, errSilent) {
		fmt.Fprintf(os.Stderr, "vodctl: %v\n", err)
	}
	if _, usage := errors.AsType[usageError](err); usage {
		fmt.Fprintf(os.Stderr, "See '%s --help'.\n", cmd.CommandPath())
		return 2
	}
	return 1
}

// errSilent fails the command without a further word.
var errSilent = errors.New("failed")

// A usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "vodctl",
		Short: "See and try what becomes of edits in ApsaraVideo VOD and IMS",
		Long: `vodctl is the operator's command line of the ProduceMediaComplete recorder.

It shows what was recorded, runs the function on this machine, without Docker or
an account, and makes and signs the events that ApsaraVideo VOD and Intelligent
Media Services send.`,
		Example: `  vodctl list --since 24h --status fail           which edits failed since yesterday, and why
  vodctl show MEDIA_ID                            what became of this one
  vodctl report -o report.html                    is it getting worse
  vodctl demo                                     see every kind of delivery become an outcome
  vodctl generate-event mns-topic | vodctl invoke try one delivery
  vodctl serve                                    a local URL for real callbacks`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(os.Stderr)
			_ = cmd.Help() // writing to standard error is all that could fail
			return usagef("a command is missing")
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newGenerateEvent(), newSign(), newInvoke(), newServe(), newDemo(),
		newList(), newShow(), newReport(), newReconcile(), newReplay(), newSeed())
	return root
}

// noArgs and exactArgs are cobra's checks, with wrong usage as such.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usagef("unknown command %q", args[0])
	}
	return usagef("%q is one argument too many", args[0])
}
