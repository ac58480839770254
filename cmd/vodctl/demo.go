package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
)

func newDemo() *cobra.Command {
	var ff functionFlags
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See every kind of delivery become an outcome",
		Long: `Run the built function with a directory as its store, hand it one delivery of each
kind, and show what it answered and what it recorded.`,
		Example: `  vodctl demo --to /tmp/outcomes`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := emptyDir(dir)
			if err != nil {
				return err
			}
			d := demo{key: callback.Key(sample.NewID()), store: store, seen: map[string]bool{}}
			ff.env = append(ff.env, "RECORD_EVENTS="+strings.Join(demoEvents, ","), "RECORD_TO="+(&url.URL{Scheme: "file", Path: filepath.ToSlash(store)}).String(),
				"VOD_CALLBACK_KEYS="+string(d.key), "VOD_CALLBACK_URLS="+defaultURL)
			var log bytes.Buffer
			rt, err := ff.start(&log)
			if err != nil {
				return err
			}
			defer rt.Close() //nolint:errcheck // Close kills the function; its error does not matter here
			if err := d.play(cmd.Context(), rt, cmd.OutOrStdout()); err != nil {
				return errors.Join(err, errors.New(log.String()))
			}
			if err := rt.Close(); err != nil { // after Close, the log is complete
				return err
			}
			if err := d.explain(cmd.OutOrStdout(), dir, &log); err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), "\nTo see the first edit, and all edits:")
			suggest(cmd.ErrOrStderr(), commandLine("show", d.media, "--from", dir), commandLine("list", "--from", dir, "--event", "*"))
			return nil
		},
	}
	ff.add(cmd.Flags())
	cmd.Flags().StringVar(&dir, "to", "outcomes", "the directory to record to; it must be new or empty")
	return cmd
}

// emptyDir returns the absolute path of dir. A directory that is not empty is an error, because its files would
// mix with those of the demo.
func emptyDir(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: remove it, or name another directory with --to", dir)
	}
	return filepath.Abs(dir)
}

// demoEvents are the event types that the demo's function records: an edit, and the events that follow it.
var demoEvents = []string{events.TypeProduceMediaComplete, "FileUploadComplete", "TranscodeComplete"}

// A demo plays deliveries and keeps track of what they recorded.
type demo struct {
	key   callback.Key
	store string
	seen  map[string]bool // the files that earlier deliveries recorded
	first string          // the first record
	media string          // its media ID
}

// A scene is one delivery of the demo.
type scene struct {
	name    string
	payload []byte
}

func (d *demo) scenes() []scene {
	now := time.Now()
	d.media = sample.NewID()
	produced := sample.Event{MediaID: d.media, Time: now.Add(-2 * time.Minute)}
	vodFail := sample.Event{Status: events.Fail}.JSON()
	ims := sample.Event{Producer: events.IMS}.JSON()
	broken := []byte(`{"EventType":"ProduceMediaComplete","EventTime":"yesterday"}`)
	return []scene{
		{"VOD callback, success", d.callback(callback.VOD, produced.JSON(), now)},
		{"then its upload, by MNS queue", sample.MNSQueue(later(produced, time.Minute, "FileUploadComplete"), now)},
		{"then its transcode, MNS topic", sample.MNSTopic(later(produced, 2*time.Minute, "TranscodeComplete"), now)},
		{"VOD callback, failed edit", d.callback(callback.VOD, vodFail, now)},
		{"the same callback again", d.callback(callback.VOD, vodFail, now)},
		{"unsigned callback", d.callback(callback.Headers{}, vodFail, now)},
		{"IMS callback, success", d.callback(callback.ICE, ims, now)},
		{"the same by MNS queue", sample.MNSQueue(ims, now)},
		{"MNS topic, JSON", sample.MNSTopic(sample.Event{}.JSON(), now)},
		{"MNS topic, STREAM", sample.MNSTopicStream(sample.Event{Status: events.Fail}.JSON())},
		{"MNS queue, 3 messages, 1 broken", sample.MNSQueueBatch([][]byte{sample.Event{}.JSON(), broken, sample.Event{Producer: events.IMS, Status: events.Fail}.JSON()}, now)},
		{"an event type not asked for", d.callback(callback.VOD, later(produced, 2*time.Minute, "VideoAnalysisComplete"), now)},
	}
}

// later returns an event of another type, published some time after an edit.
func later(produced sample.Event, after time.Duration, eventType string) []byte {
	body, _, err := sample.Event{MediaID: produced.MediaID, Time: produced.Time.Add(after)}.OfType(eventType)
	if err != nil {
		panic(err) // every type in demoEvents has a sample
	}
	return body
}

// callback returns the HTTP trigger event of a callback. With zero headers the callback is unsigned.
func (d *demo) callback(names callback.Headers, body []byte, now time.Time) []byte {
	header := http.Header{"Content-Type": {"application/json"}}
	if names != (callback.Headers{}) {
		maps.Copy(header, names.SignNow(defaultURL, d.key, now))
	}
	target, err := url.Parse(defaultURL)
	if err != nil {
		panic(err) // a constant
	}
	return sample.HTTP(http.MethodPost, target, header, body, now)
}

// play hands the scenes to the function and prints a line for each.
func (d *demo) play(ctx context.Context, rt *fclocal.Runtime, out io.Writer) error {
	table := newTable(out, column{name: "DELIVERY"}, column{name: "ANSWER"}, column{name: "TIME", drop: true}, column{name: "RECORD"})
	for _, s := range d.scenes() {
		resp, err := rt.Invoke(ctx, s.payload)
		if err != nil {
			return err
		}
		if resp.Failed {
			return fmt.Errorf("%s: %s", s.name, resp.Payload)
		}
		files, err := d.newFiles()
		if err != nil {
			return err
		}
		elapsed := fmt.Sprintf("%.1f ms", float64(resp.Duration.Microseconds())/1000)
		table.add(cell{text: s.name}, cell{text: answerInWords(resp.Payload)}, cell{text: elapsed}, cell{text: files[0]})
		for _, file := range files[1:] {
			table.add(cell{}, cell{}, cell{}, cell{text: file})
		}
	}
	return table.flush()
}

// answerInWords returns the answer without its envelope.
func answerInWords(payload []byte) string {
	var web httpAnswer
	if err := json.Unmarshal(payload, &web); err == nil && web.StatusCode != 0 {
		var body struct{ Result, Error string }
		if err := json.Unmarshal([]byte(web.Body), &body); err != nil {
			return fmt.Sprint(web.StatusCode)
		}
		return fmt.Sprintf("%d %s%s", web.StatusCode, body.Result, body.Error)
	}
	var counts map[string]int
	if err := json.Unmarshal(payload, &counts); err != nil {
		return string(payload)
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	var words []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(words, ", ")
}

// newFiles returns the names, without their directories, of what was recorded since the last call.
func (d *demo) newFiles() ([]string, error) {
	var names []string
	err := filepath.WalkDir(d.store, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // before the first record
			return nil
		}
		if err != nil || e.IsDir() || d.seen[path] {
			return err
		}
		d.seen[path] = true
		if d.first == "" {
			d.first = path
		}
		if strings.Contains(path, "rejected") {
			names = append(names, "rejected/…/"+e.Name()[:8]+"….json")
		} else {
			names = append(names, "…/"+e.Name())
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		names = []string{"–"}
	}
	return names, err
}

// explain prints where the records are, what one looks like, and why some deliveries were not recorded.
func (d *demo) explain(out io.Writer, dir string, log io.Reader) error {
	text, err := os.ReadFile(d.first)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, text, "", "  "); err != nil {
		return err
	}
	rel, err := filepath.Rel(d.store, d.first)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe function wrote %s to %s. The first, %s:\n%s\n",
		plural(len(d.seen), "record"), dir, filepath.Join(dir, rel), pretty.String())
	fmt.Fprint(out, "The function's log says why the other deliveries were not recorded:\n")
	lines := json.NewDecoder(onlyJSON(log))
	for {
		var line struct{ Msg, Reason string }
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if line.Msg == funclog.Refused || line.Msg == funclog.Rejected {
			fmt.Fprintf(out, "  %-8s  %s\n", line.Msg, line.Reason)
		}
	}
}

// onlyJSON removes the plain lines that the SDK writes about each invocation.
func onlyJSON(log io.Reader) io.Reader {
	text, _ := io.ReadAll(log) // log is a buffer, which has no read errors
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("{")) {
			out.Write(line)
		}
	}
	return &out
}
