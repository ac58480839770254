package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/local/spelling"
)

// defaultURL is the URL of a generated HTTP callback if --url is not given.
const defaultURL = "https://www.example.com/your/callback"

// An eventRequest holds the flags of generate-event.
type eventRequest struct {
	event     sample.Event
	eventType string
	producer  string
	status    string
	eventTime string
	count     int
	url       string
	key       string
}

// envelopes holds, by trigger, the function that wraps events. Only a batch takes more than one event.
var envelopes = map[string]func(r eventRequest, bodies [][]byte, now time.Time) ([]byte, error){
	"http": eventRequest.http,
	"mns-topic": func(_ eventRequest, bodies [][]byte, now time.Time) ([]byte, error) {
		return sample.MNSTopic(bodies[0], now), nil
	},
	"mns-topic-stream": func(_ eventRequest, bodies [][]byte, _ time.Time) ([]byte, error) {
		return sample.MNSTopicStream(bodies[0]), nil
	},
	"mns-queue": func(_ eventRequest, bodies [][]byte, now time.Time) ([]byte, error) {
		return sample.MNSQueue(bodies[0], now), nil
	},
	"mns-queue-batch": func(_ eventRequest, bodies [][]byte, now time.Time) ([]byte, error) {
		return sample.MNSQueueBatch(bodies, now), nil
	},
	"direct": func(_ eventRequest, bodies [][]byte, _ time.Time) ([]byte, error) { return bodies[0], nil },
}

func triggerNames() []string { return slices.Sorted(maps.Keys(envelopes)) }

func newGenerateEvent() *cobra.Command {
	var r eventRequest
	cmd := &cobra.Command{
		Use:   "generate-event TRIGGER",
		Short: "Print a sample payload as the platform would deliver it",
		Long: `Print an event as Function Compute would deliver it through TRIGGER: ` + strings.Join(triggerNames(), ", ") + `.

The default is a ProduceMediaComplete event. --event selects another type, made from
its published sample: ` + strings.Join(sample.Types(), ", ") + `.

IDs that are not given are random, and the event time is now. For http, --url and --key
sign the callback with the current time. Without --key the callback is unsigned, and
the function refuses it.`,
		Example: `  vodctl generate-event http --url https://www.example.com/your/callback --key Test123
  vodctl generate-event mns-topic --producer ims --status fail --error-code InvalidParameter
  vodctl generate-event mns-queue --event TranscodeComplete --status fail
  vodctl generate-event mns-queue-batch --count 100 | vodctl invoke`,
		ValidArgs: triggerNames(),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return usagef("want one TRIGGER: %s", strings.Join(triggerNames(), ", "))
			case envelopes[args[0]] == nil:
				return wantOneOf("TRIGGER", args[0], triggerNames()...)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd, args[0]); err != nil {
				return err
			}
			payload, err := r.payload(args[0], time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", payload)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.eventType, "event", events.TypeProduceMediaComplete, "the type of the event")
	f.StringVar(&r.producer, "producer", "vod", "the service that sends the event: vod or ims")
	f.StringVar(&r.status, "status", "success", "the status of the edit: success or fail")
	f.StringVar(&r.event.MediaID, "media-id", "", "the media ID of the produced video (default: random)")
	f.StringVar(&r.event.ProjectID, "project-id", "", "the ID of the editing project (default: random)")
	f.StringVar(&r.eventTime, "event-time", "", "the time of the event, RFC 3339 (default: now)")
	f.StringVar(&r.event.ErrorCode, "error-code", "", "the error code, for --status fail (default: from the published sample)")
	f.StringVar(&r.event.ErrorMessage, "error-message", "", "the error message, for --status fail (default: from the published sample)")
	f.IntVar(&r.count, "count", 3, "the number of messages in the batch, for mns-queue-batch")
	f.StringVar(&r.url, "url", defaultURL, "the callback URL as configured at the sender, for http")
	f.StringVar(&r.key, "key", "", "the callback key to sign with, for http")
	complete(cmd, "event", sample.Types()...)
	complete(cmd, "producer", string(events.VOD), string(events.IMS))
	complete(cmd, "status", string(events.Success), string(events.Fail))
	return cmd
}

// check parses the flags and refuses flags that do not apply to the trigger.
func (r *eventRequest) check(cmd *cobra.Command, trigger string) error {
	for flag, only := range map[string]string{"count": "mns-queue-batch", "url": "http", "key": "http"} {
		if cmd.Flags().Changed(flag) && trigger != only {
			return usagef("--%s is for %s, not for %s", flag, only, trigger)
		}
	}
	r.event.Producer = events.Producer(r.producer)
	if r.event.Producer != events.VOD && r.event.Producer != events.IMS {
		return wantOneOf("--producer", r.producer, string(events.VOD), string(events.IMS))
	}
	r.event.Status = events.Status(r.status)
	if r.event.Status != events.Success && r.event.Status != events.Fail {
		return wantOneOf("--status", r.status, string(events.Success), string(events.Fail))
	}
	if r.eventTime != "" {
		var err error
		if r.event.Time, err = time.Parse(time.RFC3339, r.eventTime); err != nil {
			return usagef("--event-time %q: want an RFC 3339 time such as 2018-12-26T14:34:09Z", r.eventTime)
		}
	}
	if r.count < 0 {
		return usagef("--count %d: want 0 or more", r.count)
	}
	return r.checkType(cmd)
}

// checkType refuses flags that do not apply to the event type. Only ProduceMediaComplete exists in the forms of
// both producers. For other types the sample decides the producer, unless --producer is given.
func (r *eventRequest) checkType(cmd *cobra.Command) error {
	if !slices.Contains(sample.Types(), r.eventType) {
		return usagef("--event %q: there is no published event type of this name%s", r.eventType, spelling.DidYouMean(r.eventType, sample.Types()))
	}
	if r.eventType != events.TypeProduceMediaComplete && !cmd.Flags().Changed("producer") {
		r.event.Producer = ""
	}
	_, producer, err := r.event.OfType(r.eventType)
	if err != nil {
		return usagef("--event: %w", err)
	}
	r.event.Producer = producer
	return nil
}

func (r *eventRequest) payload(trigger string, now time.Time) ([]byte, error) {
	n := 1
	if trigger == "mns-queue-batch" {
		n = r.count
	}
	bodies := make([][]byte, n)
	for i := range bodies {
		var err error
		if bodies[i], _, err = r.event.OfType(r.eventType); err != nil {
			return nil, err
		}
	}
	return envelopes[trigger](*r, bodies, now)
}

// http wraps the event as a callback. The callback is signed if there is a key.
func (r eventRequest) http(bodies [][]byte, now time.Time) ([]byte, error) {
	target, err := parseCallbackURL(r.url)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"vodctl"}}
	if r.key != "" {
		maps.Copy(header, headersOf(r.event.Producer).SignNow(r.url, callback.Key(r.key), now))
	}
	return sample.HTTP(http.MethodPost, target, header, bodies[0], now), nil
}

// headersOf returns the names of the authentication headers that a producer sends.
func headersOf(p events.Producer) callback.Headers {
	if p == events.IMS {
		return callback.ICE
	}
	return callback.VOD
}

func parseCallbackURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usagef("--url %q: want an absolute http or https URL", s)
	}
	return u, nil
}
