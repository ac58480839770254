package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/replay"
	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// A replayRequest holds the flags of replay.
type replayRequest struct {
	accessFlags
	to, from    string
	outcomes    bool
	rejected    bool
	dryRun      bool
	concurrency int
	timeout     time.Duration
}

func newReplay() *cobra.Command {
	var r replayRequest
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Record the events that the function could not record",
		Long: `Read the function's log and record in --to the outcome, or the rejected body, of every
"unrecorded" line. The function writes such a line when it cannot record. --outcomes
also records the "outcome" lines of a function with RECORD_TO=log:.

A FILE (- means standard input) contains lines as the function writes them, or an
export of Simple Log Service: JSON in which the member "message" is the line (one object
a line, or an array), or CSV with a column "message". Lines with nothing to record are
skipped.

With --rejected and without a FILE, replay reads the objects below rejected/ in --from
again, and records those in which the current parser finds an event.

A replay can be repeated, also after Ctrl-C: recording the same event again changes
nothing. replay computes the key and the digest from the raw event. A record that
contradicts its raw event is an error. The exit status is 1 if a line failed or was not
understood, or if a FILE contains no line of the function's log.

Records go to --to, or to the environment's RECORD_TO. ` + ossHelp,
		Example: `  vodctl replay function.log --to 'oss://my-outcomes/edits?region=cn-shanghai' --dry-run
  vodctl replay sls-export.json --to file:///var/outcomes
  vodctl replay --outcomes - < function.log
  vodctl replay --rejected --from file:///var/outcomes --to file:///var/outcomes`,
		RunE: r.run,
	}
	f := cmd.Flags()
	f.StringVar(&r.to, "to", "", "the store to record in, a directory or a URL (default: $RECORD_TO)")
	f.StringVar(&r.from, "from", "", "the store whose rejected/ is read, with --rejected (default: $RECORD_TO)")
	completeStore(cmd, "to")
	completeStore(cmd, "from")
	r.add(cmd)
	f.BoolVar(&r.outcomes, "outcomes", false, "also record the \"outcome\" lines of the log")
	f.BoolVar(&r.rejected, "rejected", false, "read the rejected deliveries again, instead of a log")
	f.BoolVar(&r.dryRun, "dry-run", false, "print what would be recorded, and record nothing")
	f.IntVar(&r.concurrency, "concurrency", 16, "the number of records written at the same time")
	f.DurationVar(&r.timeout, "timeout", 30*time.Second, "the timeout of one record, retries included")
	return cmd
}

func (r *replayRequest) run(cmd *cobra.Command, files []string) error {
	to, err := r.check(files)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	items, closeFiles, err := r.items(cmd, files)
	if err != nil {
		return err
	}
	defer closeFiles()
	recorder, err := r.recorder(to)
	if err != nil {
		return err
	}
	out := &replayOutput{data: cmd.OutOrStdout(), words: cmd.ErrOrStderr(), dryRun: r.dryRun, rejected: r.rejected}
	out.progress = showProgress(out.words, out.sum)
	summary := replay.Run(ctx, items, replay.Options{
		To: recorder, Concurrency: r.concurrency, Timeout: r.timeout, Each: out.each,
	})
	out.progress.stop()
	fmt.Fprintln(out.words, out.sum())
	switch {
	case out.err != nil:
		return out.err
	case summary.Interrupted:
		return errors.New("interrupted: run it again to continue")
	case !summary.Complete():
		return errSilent // each failure has been printed
	}
	return nil
}

// recorder returns the recorder of to or, in a dry run, one that only looks which keys exist.
func (r *replayRequest) recorder(to record.Target) (record.Recorder, error) {
	if !r.dryRun {
		return r.openRecorder(to)
	}
	s, err := r.openStore(to)
	if err != nil {
		return nil, err
	}
	return &rehearsal{store: s, taken: map[string]bool{}}, nil
}

// check finds wrong usage, and returns where to record.
func (r *replayRequest) check(files []string) (record.Target, error) {
	switch {
	case r.rejected && len(files) > 0:
		return record.Target{}, usagef("--rejected reads a store and takes no FILE")
	case r.rejected && r.outcomes:
		return record.Target{}, usagef("--outcomes is for a log, not for --rejected")
	case !r.rejected && len(files) == 0:
		return record.Target{}, usagef("want a FILE (- for standard input) or --rejected")
	case !r.rejected && r.from != "":
		return record.Target{}, usagef("--from is for --rejected; pass a log as FILE")
	case r.concurrency < 1 || r.concurrency > record.MaxInFlight:
		return record.Target{}, usagef("--concurrency %d: want 1 to %d", r.concurrency, record.MaxInFlight)
	case r.timeout <= 0:
		return record.Target{}, usagef("--timeout %v: want a positive duration", r.timeout)
	}
	target, _, err := parseStore("--to", r.to)
	return target, err
}

// items opens the input. It opens all files first, so that a missing file is an error before anything is recorded.
func (r *replayRequest) items(cmd *cobra.Command, files []string) (iter.Seq[replay.Item], func(), error) {
	if r.rejected {
		target, text, err := parseStore("--from", r.from)
		if err != nil {
			return nil, nil, err
		}
		s, err := r.openStore(target)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", text, err)
		}
		if _, err := s.Days(cmd.Context(), outcome.RejectedRoot); err != nil {
			return nil, nil, source{Store: s, url: text}.explain(err)
		}
		types, err := events.ParseSelection(cmp.Or(os.Getenv("RECORD_EVENTS"), events.TypeProduceMediaComplete))
		if err != nil {
			return nil, nil, fmt.Errorf("RECORD_EVENTS: %w", err)
		}
		return replay.Rejected(cmd.Context(), s, types), func() {}, nil
	}
	logs := make([]io.Reader, len(files))
	var opened []*os.File
	closeAll := func() {
		for _, f := range opened {
			_ = f.Close() // an error in closing a file that was only read does not matter
		}
	}
	for i, name := range files {
		if name == "-" {
			logs[i] = stdin(cmd)
			continue
		}
		f, err := os.Open(name) //nolint:gosec // G304: reading the named file is the purpose
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		opened, logs[i] = append(opened, f), f
	}
	return func(yield func(replay.Item) bool) {
		for i, log := range logs {
			for item := range replay.Log(log, files[i], r.outcomes) {
				if !yield(item) {
					return
				}
			}
		}
	}, closeAll, nil
}

// A rehearsal is the recorder of a dry run. It checks whether a key exists and writes nothing.
type rehearsal struct {
	store store.Store

	mu    sync.Mutex
	taken map[string]bool // keys of earlier entries of this run
}

// Record implements record.Recorder.
func (d *rehearsal) Record(ctx context.Context, e record.Entry) (record.Result, error) {
	d.mu.Lock()
	again := d.taken[e.Key]
	d.taken[e.Key] = true
	d.mu.Unlock()
	if again {
		return record.Duplicate, nil
	}
	switch _, err := d.store.Get(ctx, e.Key); {
	case errors.Is(err, fs.ErrNotExist):
		return record.Recorded, nil
	case err != nil:
		return 0, err
	default:
		return record.Duplicate, nil
	}
}

// A replayOutput prints the results: keys to standard output in a dry run, failures to standard error.
type replayOutput struct {
	data, words      io.Writer
	dryRun, rejected bool
	progress         *progress

	mu      sync.Mutex
	summary replay.Summary // the counts so far
	err     error          // of writing data
}

func (o *replayOutput) each(r replay.Report, s replay.Summary) {
	o.mu.Lock()
	o.summary = s
	o.mu.Unlock()
	switch {
	case r.Err != nil:
		what := map[replay.Result]string{replay.NotUnderstood: "not understood: ", replay.Skipped: "still no event: "}
		_ = o.progress.above(func() error { // standard error is the last resort
			_, err := fmt.Fprintf(o.words, "%s: %s%s\n", harmless(r.Where), what[r.Result], harmless(r.Err.Error()))
			return err
		})
	case o.dryRun && r.Result == replay.Recorded && o.err == nil:
		o.err = o.progress.above(func() error {
			_, err := fmt.Fprintln(o.data, r.Key)
			return err
		})
	}
}

// sum returns the summary in words.
func (o *replayOutput) sum() string {
	o.mu.Lock()
	s := o.summary
	o.mu.Unlock()
	recorded, skipped := "recorded", "lines skipped"
	if o.dryRun {
		recorded = "would be recorded"
	}
	if o.rejected {
		skipped = "still no event"
	}
	return fmt.Sprintf("%d %s, %d duplicate, %d %s, %d failed, %d not understood",
		s.Count(replay.Recorded), recorded, s.Count(replay.Duplicate), s.Count(replay.Skipped), skipped,
		s.Count(replay.Failed), s.Count(replay.NotUnderstood))
}
