package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
)

func newSign() *cobra.Command {
	var rawURL, key, producer string
	cmd := &cobra.Command{
		Use:   "sign --url URL --key KEY",
		Short: "Print the two signature headers of a callback, for curl -H",
		Long: `Print the two headers that authenticate a callback to URL at the current time, one on
each line: the time in Unix seconds, and the MD5 of "URL|TIME|KEY". The signature does
not cover the body.

The function accepts the headers for VOD_CALLBACK_MAX_AGE, five minutes by default.`,
		Example: `  vodctl sign --url http://127.0.0.1:9000/ --key Test123
  vodctl sign --url http://127.0.0.1:9000/ --key Test123 |
    curl -H @- --json @events/testdata/vod-success.json http://127.0.0.1:9000/`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rawURL == "" || key == "" {
				return usagef("want both --url and --key")
			}
			if _, err := parseCallbackURL(rawURL); err != nil {
				return err
			}
			p := events.Producer(producer)
			if p != events.VOD && p != events.IMS {
				return wantOneOf("--producer", producer, string(events.VOD), string(events.IMS))
			}
			names := headersOf(p)
			header := names.SignNow(rawURL, callback.Key(key), time.Now())
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n%s: %s\n",
				strings.ToUpper(names.Timestamp), header.Get(names.Timestamp),
				strings.ToUpper(names.Signature), header.Get(names.Signature))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&rawURL, "url", "", "the callback URL as configured at the sender (required)")
	f.StringVar(&key, "key", "", "the callback key (required)")
	f.StringVar(&producer, "producer", "vod", "the producer whose headers to print: vod (X-VOD-…) or ims (X-ICE-…)")
	complete(cmd, "producer", string(events.VOD), string(events.IMS))
	return cmd
}
