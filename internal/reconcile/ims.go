package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
)

// An imsProducer asks Intelligent Media Services with ListMediaProducingJobs, which returns everything that the
// event would have contained.
// Source: https://help.aliyun.com/en/ims/developer-reference/api-ice-2020-11-09-listmediaproducingjobs
type imsProducer struct{ api *api }

const (
	pageSize      = 100                 // the maximum of ListMediaProducingJobs and GetVideoList
	maxRange      = 30 * 24 * time.Hour // the maximum between StartTime and EndTime of ListMediaProducingJobs
	maxEmptyPages = 100                 // in a row; after them, the listing counts as endless
	apiTime       = "2006-01-02T15:04:05Z"
)

// jobPage is an answer of ListMediaProducingJobs.
type jobPage struct {
	RequestID text             `json:"RequestId"`
	Jobs      []jsontext.Value `json:"MediaProducingJobList"`
	NextToken text
}

// Name implements Producer.
func (p *imsProducer) Name() events.Producer { return events.IMS }

// List lists the jobs in the order of their creation, so that jobs that are submitted meanwhile come last and do
// not shift the pages.
func (p *imsProducer) List(ctx context.Context, from, until time.Time) iter.Seq2[[]Edit, error] {
	return func(yield func([]Edit, error) bool) {
		from = from.UTC().Truncate(time.Second)
		for !from.After(until) {
			end := from.Add(maxRange)
			if end.After(until) {
				end = until.UTC().Add(time.Second) // the API has whole seconds
			}
			for edits, err := range p.listRange(ctx, from, end) {
				if !yield(edits, err) || err != nil {
					return
				}
			}
			from = end
		}
	}
}

// listRange lists one range of at most maxRange. Jobs at its ends may be listed with the next range too.
func (p *imsProducer) listRange(ctx context.Context, from, until time.Time) iter.Seq2[[]Edit, error] {
	return func(yield func([]Edit, error) bool) {
		query := map[string]string{
			"StartTime":  from.Format(apiTime),
			"EndTime":    until.Format(apiTime),
			"MaxResults": strconv.Itoa(pageSize),
			"SortBy":     "CreationTime:Asc",
		}
		seen := map[text]bool{}
		for empty := 0; ; {
			page, err := call[jobPage](ctx, p.api, "ListMediaProducingJobs", query)
			if err == nil {
				err = page.check(seen)
			}
			if len(page.Jobs) == 0 {
				empty++
			} else {
				empty = 0
			}
			if err == nil && empty > maxEmptyPages {
				err = fmt.Errorf("ListMediaProducingJobs: %d empty pages in a row", empty)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			edits, err := readAllItems(page.Jobs, readJob)
			if !yield(edits, err) || err != nil || page.NextToken == "" {
				return
			}
			query["NextToken"] = string(page.NextToken)
		}
	}
}

// check returns an error if a page as a whole is wrong. seen has the tokens of the previous pages.
func (p *jobPage) check(seen map[text]bool) error {
	switch {
	case p.Jobs == nil && p.RequestID == "":
		return errors.New("ListMediaProducingJobs: the answer has no MediaProducingJobList")
	case p.NextToken != "" && seen[p.NextToken]:
		return errors.New("ListMediaProducingJobs: the answer repeats the NextToken of an earlier page")
	}
	seen[p.NextToken] = true
	return nil
}

// readAllItems reads the items of a page.
func readAllItems(items []jsontext.Value, read func([]byte) (Edit, error)) ([]Edit, error) {
	edits := make([]Edit, len(items))
	for i, item := range items {
		var err error
		if edits[i], err = read(item); err != nil {
			return nil, err
		}
	}
	return edits, nil
}

// Complete does nothing, because the listing contains everything.
func (p *imsProducer) Complete(context.Context, []Edit) error { return nil }

// A job is an item of MediaProducingJobList.
type job struct {
	JobID        text `json:"JobId"`
	MediaID      text `json:"MediaId"`
	MediaURL     text
	ProjectID    text `json:"ProjectId"`
	Status       text
	Code         text
	Message      text
	CreateTime   text
	CompleteTime text
	ModifiedTime text
	UserData     text
}

// readJob reads one item of MediaProducingJobList.
func readJob(raw []byte) (Edit, error) {
	var j job
	if err := readItem(raw, &j); err != nil {
		return Edit{}, fmt.Errorf("a job: %w", err)
	}
	item := fmt.Sprintf("job %.32q", j.JobID)
	e := Edit{Event: events.Event{
		EventType: events.TypeProduceMediaComplete, Producer: events.IMS,
		JobID: string(j.JobID), MediaID: string(j.MediaID), Status: j.status(),
		ProjectID: string(j.ProjectID), MediaURL: string(j.MediaURL), UserData: string(j.UserData),
	}}
	if e.Status == events.Fail {
		e.ErrorCode, e.ErrorMessage = string(j.Code), string(j.Message) // the code of a success is "Success"
	}
	var noSubmission, noEnd, noLine error
	e.Submitted, noSubmission = parseTime(item, "CreateTime", j.CreateTime)
	if e.Status != "" {
		e.EventTime, noEnd = j.ended(item)
	}
	e.Raw, noLine = oneLine(raw)
	err := cmp.Or(checkID(item, "JobId", e.JobID, true), checkID(item, "MediaId", e.MediaID, false), noSubmission, noEnd, noLine)
	if err != nil {
		return Edit{}, err
	}
	return e, nil
}

// status returns the result of the job, or "" if it has not ended: Init, Queuing, Processing, or an unpublished
// status.
func (j job) status() events.Status {
	switch strings.ToLower(string(j.Status)) {
	case "success":
		return events.Success
	case "failed":
		return events.Fail
	default:
		return ""
	}
}

// ended returns when the job ended. A job that failed before it began may have no CompleteTime; then its end is its
// last change.
func (j job) ended(item string) (time.Time, error) {
	for _, m := range []struct {
		name  string
		value text
	}{{"CompleteTime", j.CompleteTime}, {"ModifiedTime", j.ModifiedTime}} {
		if t, err := parseTime(item, m.name, m.value); err != nil || !t.IsZero() {
			return t, err
		}
	}
	return time.Time{}, &memberError{item, "CompleteTime", "", "the time at which the job ended"}
}
