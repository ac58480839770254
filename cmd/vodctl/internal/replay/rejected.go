package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/trigger"
)

// Rejected yields the rejected records of s as Items. The entries are the events of types that the current parser
// finds in them.
func Rejected(ctx context.Context, s store.Store, types events.Selection) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for o, err := range s.Keys(ctx, outcome.RejectedRoot+"/") {
			if err != nil {
				yield(Item{where: place{name: outcome.RejectedRoot}, later: func(context.Context) ([]record.Entry, error) { return nil, err }})
				return
			}
			it := Item{where: place{name: o.Key}, later: func(ctx context.Context) ([]record.Entry, error) {
				data, err := s.Get(ctx, o.Key)
				if err != nil {
					return nil, err
				}
				return readAgain(data, types)
			}}
			if !yield(it) {
				return
			}
		}
	}
}

// readAgain returns the events in a rejected record. If there is none, the error is a skipError.
func readAgain(data []byte, types events.Selection) ([]record.Entry, error) {
	var r outcome.Rejected
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("it is not a rejected record: %w", err)
	}
	kept, err := r.Kept()
	if err != nil {
		return nil, fmt.Errorf("it is not a rejected record: %w", err)
	}
	if _, err := time.Parse(time.RFC3339, r.ReceivedAt); err != nil {
		return nil, fmt.Errorf("it is not a rejected record: received_at: %w", err)
	}
	var entries []record.Entry
	var reasons []error
	for _, m := range trigger.Again(trigger.Kind(r.Trigger), kept) {
		e, err := readMessage(m, types, outcome.Facts{
			Trigger: r.Trigger, MessageID: cmp.Or(r.MessageID, m.ID), RequestID: r.RequestID, ReceivedAt: r.ReceivedAt,
		})
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, skipError{cmp.Or(errors.Join(reasons...), errors.New("it contains no message"))}
	}
	return entries, nil
}

func readMessage(m trigger.Message, types events.Selection, facts outcome.Facts) (record.Entry, error) {
	if m.Reason != "" {
		return record.Entry{}, errors.New(m.Reason)
	}
	o, err := newOutcome(m.Body, types, facts)
	if err != nil {
		return record.Entry{}, err
	}
	return o.Entry()
}
