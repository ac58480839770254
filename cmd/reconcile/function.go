package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/reconcile"
	"github.com/vod-callback/recorder/internal/reconcile/settings"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// reconciled is the message of the log line with the result of an invocation.
const reconciled = "reconciled"

// A function reconciles once in each invocation.
type function struct {
	settings settings.Settings
	store    store.Store
	recorder record.Recorder
	log      *funclog.Log
	now      func() time.Time
}

// An answer is the answer of an invocation.
type answer struct {
	Ended    int `json:"ended"`
	Recorded int `json:"recorded"`
	Missing  int `json:"missing"`
}

// A ReconcileError fails an invocation. The runtime reports the name of this type.
type ReconcileError struct{ Err error }

// Error returns the cause.
func (e *ReconcileError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ReconcileError) Unwrap() error { return e.Err }

// invoke reconciles once. It ignores the payload of the timer and uses the current time. If it fails, nothing is
// lost, because the next invocation covers the same time range again.
func (f *function) invoke(ctx context.Context, _ []byte) (json.RawMessage, error) {
	inv := newInvocation(ctx)
	now := f.now()
	facts := outcome.Facts{RequestID: inv.requestID, AccountID: inv.accountID, Region: inv.Region, ReceivedAt: now.UTC().Format(outcome.TimeFormat)}
	ctx = record.NewContext(ctx, inv.Invocation)
	result, err := f.compare(ctx, inv, now)
	if err != nil {
		return nil, &ReconcileError{err}
	}
	if err := f.report(ctx, result, facts); err != nil {
		return nil, &ReconcileError{err}
	}
	f.log.Say(slog.LevelInfo, reconciled, inv.requestID,
		slog.Int("ended", result.Ended), slog.Int("recorded", result.Recorded), slog.Int("missing", result.Missing))
	return json.Marshal(answer{result.Ended, result.Recorded, result.Missing})
}

// compare runs the comparison with the credentials of the invocation's role.
func (f *function) compare(ctx context.Context, inv invocation, now time.Time) (*reconcile.Result, error) {
	producer, err := reconcile.NewProducer(f.settings.Producer, reconcile.Options{Region: inv.Region, Credentials: inv.Credentials})
	if err != nil {
		return nil, err
	}
	return reconcile.Comparison{
		Producer: producer,
		Store:    f.store,
		Since:    now.Add(-f.settings.Since),
		Until:    now.Add(-settings.Until),
		Longest:  f.settings.Longest,
	}.Run(ctx)
}

// report logs and records every finding. An error in recording one does not stop the others.
func (f *function) report(ctx context.Context, result *reconcile.Result, facts outcome.Facts) error {
	var errs []error
	for edits, err := range result.Findings() {
		if err != nil {
			return err
		}
		findings := make([]outcome.Outcome, len(edits))
		for i, e := range edits {
			findings[i] = e.Outcome(facts)
			line, err := findings[i].Line()
			if err != nil {
				return fmt.Errorf("%s: %w", e.ID(), err)
			}
			f.log.Say(slog.LevelWarn, funclog.Missing, facts.RequestID, slog.Any("outcome", json.RawMessage(line)))
		}
		if _, err := reconcile.Record(ctx, f.recorder, findings); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// An invocation holds what the runtime passes in addition to the payload.
type invocation struct {
	record.Invocation
	requestID, accountID string
}

// newInvocation reads the runtime's context, completed from the environment. Call it once, because
// fccontext.FromContext writes to the context.
func newInvocation(ctx context.Context) invocation {
	fc, ok := fccontext.FromContext(ctx)
	if !ok {
		fc = &fccontext.FcContext{}
	}
	inv := invocation{requestID: fc.RequestID, accountID: cmp.Or(fc.AccountId, os.Getenv("FC_ACCOUNT_ID"))}
	inv.Region = cmp.Or(fc.Region, os.Getenv("FC_REGION"))
	inv.Credentials = record.Credentials{
		AccessKeyID: fc.Credentials.AccessKeyId, AccessKeySecret: fc.Credentials.AccessKeySecret, SecurityToken: fc.Credentials.SecurityToken,
	}
	if inv.Credentials.AccessKeyID == "" || inv.Credentials.AccessKeySecret == "" {
		inv.Credentials = record.Credentials{
			AccessKeyID:     os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
			AccessKeySecret: os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
			SecurityToken:   os.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
		}
	}
	return inv
}
