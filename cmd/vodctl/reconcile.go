package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/reconcile"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// sameStore is the value of --to if none is given.
const sameStore = "the same store"

// errMissing is the error of reconcile if edits have no record. The output lists them.
var errMissing = fmt.Errorf("edits without a record: %w", errSilent)

// A reconcileRequest holds the flags of reconcile.
type reconcileRequest struct {
	from                            fromFlag
	producer, since, until, longest string
	region, endpoint, to, format    string
	utc, recording                  bool
	sinceGiven, untilGiven          bool

	span        span // of the edits' ends
	longestSpan time.Duration
}

func newReconcile() *cobra.Command {
	var r reconcileRequest
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Find the edits whose callback never came",
		Long: `Ask the producer which edits ended, and report the edits that have no record, because
their callback never came or was refused.

--since and --until apply to the time when an edit ended. The producers list edits by
submission time, so --longest states how long before its end an edit may have been
submitted. An edit has a record if there is a record with its job ID, or else with its
media ID, on a day between its submission and one day after its end.

IMS returns everything that the callback would have contained. VOD returns neither the
project nor the error, and only the time of the last change: see docs/operations.md.

reconcile writes nothing unless --to is given. With --to, it records each edit without
a record once, below missing/. The exit status is 0 if every edit has a record, 3 if
some have none, and 1 if the check failed.

The producer is called with the same credentials as OSS. They need the permission
ice:ListMediaProducingJobs or, for VOD, vod:SearchMedia, vod:GetVideoList and
vod:GetVideoInfos. The region is --region, or else the store's.

` + accessHelp,
		Example: `  vodctl reconcile --from 'oss://my-outcomes/edits?region=cn-shanghai'
  vodctl reconcile --since 7d --until 1h --longest 3h -o csv >missing.csv
  vodctl reconcile --producer vod --region cn-shanghai --from file:///var/outcomes --to`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || (len(args) == 1 && r.to == sameStore) { // --to STORE, separated by a space
				return nil
			}
			return usagef("%q is one argument too many", args[0])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				r.to = args[0]
			}
			given := cmd.Flags().Changed
			r.sinceGiven, r.untilGiven, r.recording = given("since"), given("until"), given("to")
			if err := r.parse(time.Now()); err != nil {
				return err
			}
			return r.run(cmd)
		},
	}
	f := cmd.Flags()
	r.from.add(cmd, f)
	f.StringVar(&r.producer, "producer", string(events.IMS), "the producer to ask: ims or vod")
	f.StringVar(&r.since, "since", "24h", "edits that ended at or after this time: "+spanForm)
	f.StringVar(&r.until, "until", "15m", "edits that ended before this time, in the same forms; a date includes the whole day")
	f.StringVar(&r.longest, "longest", "24h", "the maximum time between the submission and the end of an edit")
	f.BoolVar(&r.utc, "utc", false, "show times and read dates in UTC instead of local time")
	f.StringVar(&r.region, "region", "", "the producer's region (default: the store's)")
	f.StringVar(&r.endpoint, "api-endpoint", "", "the `URL` of an API endpoint to use instead of the region's, such as https://ice-vpc.cn-shanghai.aliyuncs.com")
	f.StringVar(&r.to, "to", "", "record the edits without a record in this `STORE`; without a value, in the store of --from")
	completeStore(cmd, "to")
	f.Lookup("to").NoOptDefVal = sameStore
	f.StringVarP(&r.format, "output", "o", "table", "the format: table, json, ndjson, csv")
	complete(cmd, "producer", string(events.IMS), string(events.VOD))
	complete(cmd, "output", "table", "json", "ndjson", "csv")
	complete(cmd, "since", "1h", "24h", "7d", "30d")
	complete(cmd, "until", "15m", "1h", "24h")
	complete(cmd, "longest", "1h", "24h", "7d")
	return cmd
}

// parse reads the flags, and finds wrong usage before the first request.
func (r *reconcileRequest) parse(now time.Time) error {
	var err error
	if r.span.until, err = parseMoment(r.until, now, r.location(), 1); err != nil {
		return usagef("--until %q: %w", r.until, err)
	}
	from := now
	if r.untilGiven && !r.sinceGiven && r.span.until.Before(now) {
		from = r.span.until // as in list, the default is counted back from --until
	}
	if r.span.since, err = parseMoment(r.since, from, r.location(), 0); err != nil {
		return usagef("--since %q: %w", r.since, err)
	}
	if r.longestSpan, err = parseDuration(r.longest); err != nil {
		return usagef("--longest %q: want a duration such as 24h or 7d", r.longest)
	}
	if r.endpoint != "" {
		if err := reconcile.CheckEndpoint(r.endpoint); err != nil {
			return usagef("--api-endpoint: %w", err)
		}
	}
	switch {
	case !r.span.since.Before(r.span.until):
		return usagef("--since %q is not before --until %q", r.since, r.until)
	case r.producer != string(events.IMS) && r.producer != string(events.VOD):
		return wantOneOf("--producer", r.producer, string(events.IMS), string(events.VOD))
	case r.region != "" && !record.IsRegionID(r.region):
		return usagef("--region %q: want a plain region ID such as cn-shanghai", r.region)
	case findingFormats[r.format] == nil:
		return wantOneOf("-o", r.format, "table", "json", "ndjson", "csv")
	}
	return nil
}

func (r *reconcileRequest) location() *time.Location {
	if r.utc {
		return time.UTC
	}
	return time.Local
}

func (r *reconcileRequest) run(cmd *cobra.Command) error {
	src, err := r.from.open()
	if err != nil {
		return err
	}
	to, err := r.recorder()
	if err != nil {
		return err
	}
	opts, err := r.access()
	if err != nil {
		return err
	}
	producer, err := reconcile.NewProducer(events.Producer(r.producer), opts)
	if err != nil {
		return err
	}
	progress := new(reconcile.Progress)
	line := showProgress(cmd.ErrOrStderr(), func() string {
		return fmt.Sprintf("received %s edits; listed %s records; opened %s", thousands(int(progress.Listed.Load())),
			thousands(int(progress.Names.Load())), thousands(int(progress.Opened.Load())))
	})
	result, err := reconcile.Comparison{
		Producer: producer, Store: src, Since: r.span.since, Until: r.span.until, Longest: r.longestSpan, Progress: progress,
	}.Run(cmd.Context())
	line.stop()
	if err != nil {
		return r.explain(cmd.Context(), src, err)
	}
	if result.Missing > 0 && result.Days == 0 {
		if err := src.emptyOrForeign(cmd.Context(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	return r.report(cmd, result, to, opts.Region)
}

// explain adds to err what the user can do about it.
func (r *reconcileRequest) explain(ctx context.Context, src source, err error) error {
	storeError, ok := errors.AsType[*reconcile.StoreError](err)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted: the check is incomplete")
	case ok:
		return src.explain(storeError.Err)
	default:
		return fmt.Errorf("the check failed: %w", err)
	}
}

// report prints the findings and, with --to, records them.
func (r *reconcileRequest) report(cmd *cobra.Command, result *reconcile.Result, to record.Recorder, region string) error {
	out := findingFormats[r.format](cmd.OutOrStdout(), r.location())
	facts := outcome.Facts{Region: region, ReceivedAt: time.Now().UTC().Format(outcome.TimeFormat)}
	var unrecorded error
	recorded := 0
	for edits, err := range result.Findings() {
		if err != nil {
			return err
		}
		findings := make([]outcome.Outcome, len(edits))
		for i, e := range edits {
			findings[i] = e.Outcome(facts)
			if err := out.finding(findings[i]); err != nil {
				return err
			}
		}
		if to == nil {
			continue
		}
		fresh, err := reconcile.Record(cmd.Context(), to, findings)
		recorded += fresh
		unrecorded = cmp.Or(unrecorded, err)
	}
	if err := out.end(); err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), r.sum(result, to != nil, recorded))
	switch {
	case unrecorded != nil:
		return fmt.Errorf("--to: %w", unrecorded)
	case result.Missing > 0:
		return errMissing
	}
	return nil
}

// sum returns the summary of the result in words.
func (r *reconcileRequest) sum(result *reconcile.Result, recording bool, recorded int) string {
	sp := r.span.words(r.location())
	switch {
	case result.Ended == 0:
		return "No edits ended " + sp + "."
	case result.Missing == 0:
		return fmt.Sprintf("Nothing is missing: %s ended %s, all with a record.", plural(result.Ended, "edit"), sp)
	}
	text := fmt.Sprintf("%s of %s that ended %s have no record.", thousands(result.Missing), plural(result.Ended, "edit"), sp)
	if result.Missing == 1 {
		text = strings.Replace(text, " have no ", " has no ", 1)
	}
	if recording {
		text += fmt.Sprintf(" Recorded below %s/: %s new, %s known before.", store.MissingRoot, thousands(recorded), thousands(result.Missing-recorded))
	}
	return text
}

// recorder returns the recorder for the findings, or nil without --to.
func (r *reconcileRequest) recorder() (record.Recorder, error) {
	if !r.recording {
		return nil, nil
	}
	flag, text := "--to", r.to
	if text == sameStore {
		flag, text = "--from", r.from.text
	}
	target, text, err := parseStore(flag, text)
	if err != nil {
		return nil, err
	}
	to, err := r.from.openRecorder(target)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	return to, nil
}

// access returns the producer to ask, its region and the credentials. As for a store, a profile on the command
// line takes precedence over the environment, and the environment over the current profile.
func (r *reconcileRequest) access() (reconcile.Options, error) {
	opts := reconcile.Options{Region: r.region, Endpoint: r.endpoint, Credentials: record.Credentials{
		AccessKeyID:     os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
		AccessKeySecret: os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
		SecurityToken:   os.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
	}}
	inEnv := r.from.profile == "" && opts.Credentials.AccessKeyID != "" && opts.Credentials.AccessKeySecret != ""
	if target, _, err := parseStore("--from", r.from.text); err == nil && target.OSS != nil {
		opts.Region = cmp.Or(opts.Region, target.OSS.Region)
	}
	profile := new(cliProfile)
	var err error
	if !inEnv || opts.Region == "" {
		if profile, err = findProfile(r.from.profile); err != nil {
			return opts, err
		}
	}
	envRegion := cmp.Or(os.Getenv("FC_REGION"), os.Getenv("ALIBABA_CLOUD_REGION_ID"))
	if r.from.profile != "" {
		opts.Region = cmp.Or(opts.Region, profile.Region)
	}
	opts.Region = cmp.Or(opts.Region, envRegion, profile.Region)
	switch {
	case opts.Region == "" && opts.Endpoint == "":
		return opts, usagef("no region: set it with --region or ALIBABA_CLOUD_REGION_ID")
	case inEnv:
		return opts, nil
	case profile.Name == "":
		return opts, errors.New("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, " +
			"or configure the Alibaba Cloud CLI with 'aliyun configure'")
	}
	opts.Credentials, err = profile.credentials()
	return opts, err
}
