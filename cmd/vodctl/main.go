// Command vodctl is the operator's command line for the outcomes of media production. It shows the recorded
// outcomes, runs the function locally without Docker or a cloud account, and generates and signs sample events.
//
// Data goes to standard output and messages to standard error. The exit status is 0 for success, 1 for a failure,
// 2 for wrong usage, and 3 if reconcile found edits without a record.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/internal/local/spelling"
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes the command line args and returns the exit status.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C then ends the process
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, errMissing) {
		return 3
	}
	// The output of the command already explains a silent failure.
	if !errors.Is(err, errSilent) {
		fmt.Fprintf(os.Stderr, "vodctl: %v\n", err)
	}
	if _, usage := errors.AsType[usageError](err); usage {
		fmt.Fprintf(os.Stderr, "See '%s --help'.\n", cmd.CommandPath())
		return 2
	}
	return 1
}

// errSilent fails the command without another message.
var errSilent = errors.New("failed")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "vodctl",
		Short: "Inspect and test the recorder of media production callbacks",
		Long: `vodctl is the operator's command line for the ProduceMediaComplete recorder.

It shows the recorded outcomes, runs the function on this machine without Docker or a
cloud account, and generates and signs the events that ApsaraVideo VOD and Intelligent
Media Services (IMS) send.`,
		Example: `  vodctl demo
  vodctl list --since 24h --status fail
  vodctl show 1234343b689a4f0e9a5422dfe1e472a4
  vodctl report
  vodctl generate-event mns-topic | vodctl invoke`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(os.Stderr)
			_ = cmd.Help() // an error in writing the help changes nothing
			return usagef("a command is missing")
		},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(explainFlag)
	setHelp(root)
	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"try", "Try it:", []*cobra.Command{newDemo(), newSeed(), newServe(), newInvoke()}},
		{"see", "See what was recorded:", []*cobra.Command{newList(), newShow(), newReport()}},
		{"repair", "Repair:", []*cobra.Command{newReconcile(), newReplay()}},
		{"make", "Generate events:", []*cobra.Command{newGenerateEvent(), newSign()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.id
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(newVersion())
	return root
}

// noArgs is like cobra.NoArgs, but returns a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		var names []string
		for _, sub := range cmd.Commands() {
			names = append(names, sub.Name())
		}
		return usagef("unknown command %q%s", args[0], spelling.DidYouMean(args[0], names))
	default:
		return usagef("%q is one argument too many", args[0])
	}
}
