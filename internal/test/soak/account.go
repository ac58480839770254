package soak

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vod-callback/recorder/internal/outcome"
)

// counted finds in the summary of vodctl replay what came of the log lines.
var counted = regexp.MustCompile(`(\d+) (recorded|duplicate|failed|not understood)`)

// replay has vodctl record what the logs hold, as the operator does; the second time nothing may be left.
func (r *run) replay(ctx context.Context, report *Report) error {
	for round := range 2 {
		sum, err := r.replayOnce(ctx, report)
		if err != nil {
			return err
		}
		if round == 0 {
			report.Replayed = sum["recorded"]
			report.Unrecorded = sum["recorded"] + sum["duplicate"]
			report.Cut = sum["not understood"]
		} else {
			report.ReplayedTwice = sum["recorded"]
		}
		report.ReplayFailed += sum["failed"]
	}
	return nil
}

// replayOnce runs vodctl replay over all logs and returns the counts of its summary.
func (r *run) replayOnce(ctx context.Context, report *Report) (map[string]int, error) {
	args := []string{"replay", "--concurrency", "8", "--timeout", "20s", "--to", r.storeURL()}
	for _, log := range r.logs {
		args = append(args, log.Name())
	}
	cmd := exec.CommandContext(ctx, r.Vodctl, args...) //nolint:gosec // G204: running the built program is the purpose
	cmd.Env = append(os.Environ(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+r.current.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+r.current.AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN="+r.current.SecurityToken)
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("vodctl replay: %w", err)
	}
	r.secrets.scan("the output of replay", said)
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	summary := lines[len(lines)-1]
	report.ReplayWords = append(report.ReplayWords, lines...)
	sum := map[string]int{}
	for _, match := range counted.FindAllStringSubmatch(summary, -1) {
		sum[match[2]], _ = strconv.Atoi(match[1]) // digits
	}
	if len(sum) != 4 || cmd.ProcessState.Success() != (sum["failed"]+sum["not understood"] == 0) {
		return nil, fmt.Errorf("vodctl replay: %v, after %q", cmd.ProcessState, summary)
	}
	return sum, nil
}

// account goes through the store and the books.
func (r *run) account(report *Report) {
	l := r.ledger
	report.Deliveries, report.Tries, report.Answers, report.Faults = l.deliveries, &l.tries, &l.answers, &r.faults
	report.Wrong = l.wrong
	for key, body := range r.oss.Objects(bucketName) {
		r.secrets.scan("a record", body)
		if wrong := l.check(relative(key), body); wrong != "" {
			report.Wrong = append(report.Wrong, wrong)
		}
	}
	for _, e := range l.expected {
		switch {
		case e.forbid:
			report.Strangers++
			if e.stored > 0 {
				report.LetIn++
			}
			continue
		case e.kept != "":
			report.NoEvents++
		default:
			report.Events++
		}
		switch {
		case e.stored > 1:
			report.Doubled++
		case e.stored == 1:
			report.Stored++
		case e.promised > 0:
			report.Lost = append(report.Lost, e.key)
		default:
			report.Unanswered = append(report.Unanswered, e.key)
		}
	}
	stats := r.oss.Stats()
	report.Requests = stats.Requests
	report.Doubled += stats.Doubled
	report.Answered = summarize(l.durations, r.RecordTimeout+Margin, r.stalls)
}

// check compares what lies in the store with what was sent.
func (l *ledger) check(key string, body []byte) (wrong string) {
	id := key
	if strings.HasPrefix(key, outcome.RejectedRoot+"/") {
		id = outcome.RejectedRoot + "/" + strings.TrimSuffix(path.Base(key), ".json")
	}
	e := l.expected[id]
	if e == nil {
		return "nobody sent " + key
	}
	e.stored++
	if e.forbid {
		return "" // counted as let in
	}
	if err := e.compare(key, body); err != nil {
		return key + ": " + err.Error()
	}
	return ""
}

func (e *expectation) compare(key string, body []byte) error {
	if e.kept != "" {
		var r outcome.Rejected
		if err := json.Unmarshal(body, &r); err != nil {
			return err
		}
		kept, err := r.Kept()
		if err != nil || string(kept) != e.kept || !e.via[r.Trigger] || r.Reason == "" || r.RequestID == "" {
			return fmt.Errorf("it holds %s, %w", body, err)
		}
		return nil
	}
	var o outcome.Outcome
	if err := json.Unmarshal(body, &o); err != nil {
		return err
	}
	received, err := time.Parse(time.RFC3339, o.ReceivedAt)
	if err != nil {
		return err
	}
	// The record as it has to be, with what only the function can know taken from the record itself.
	want, err := outcome.New(e.event, o.Raw, outcome.Facts{
		Trigger: o.Trigger, MessageID: o.MessageID, RequestID: o.RequestID, AccountID: accountID, Region: o.Region, ReceivedAt: received,
	})
	if err != nil {
		return err
	}
	line, err := want.Line()
	if err != nil {
		return err
	}
	wantKey, err := want.Key()
	switch {
	case err != nil:
		return err
	case string(line) != string(body):
		return fmt.Errorf("it is %s, want %s", body, line)
	case wantKey != key:
		return errors.New("it is not what its key says")
	case !e.via[o.Trigger] || o.RequestID == "" || o.Region == "":
		return fmt.Errorf("it came in an unknown way: %s", body)
	}
	return nil
}

// scanLogs looks for secrets in all that the instances wrote.
func (r *run) scanLogs(report *Report) error {
	for _, log := range r.logs {
		f, err := os.Open(log.Name())
		if err != nil {
			return err
		}
		in := bufio.NewReaderSize(f, 1<<20)
		for {
			line, err := in.ReadBytes('\n')
			report.LogBytes += len(line)
			r.secrets.scan("the log", line)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(err, f.Close())
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	report.Secrets, report.Leaks = r.secrets.known(), r.secrets.leaks
	return nil
}

// summarize sorts durations.
func summarize(all []Took, limit time.Duration, stalls []stall) Durations {
	slices.SortFunc(all, func(a, b Took) int { return cmp.Compare(a.Time, b.Time) })
	if len(all) == 0 {
		return Durations{}
	}
	at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1))].Time }
	d := Durations{Count: len(all), P50: at(0.5), P99: at(0.99), Max: at(1)}
	for _, took := range slices.Backward(all) {
		if took.Time <= limit {
			break
		}
		d.Late++
		if took.Time-within(stalls, took.End.Add(-took.Time), took.End) > limit {
			d.Inexcusable = append(d.Inexcusable, took)
		}
	}
	for _, s := range stalls {
		d.Stalled, d.Stall = d.Stalled+s.to.Sub(s.from), max(d.Stall, s.to.Sub(s.from))
	}
	return d
}
