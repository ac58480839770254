package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/events"
)

// A vodProducer asks ApsaraVideo VOD, which has no list of productions. SearchMedia finds the media that editing
// produced, and GetVideoList finds the failed productions. Neither returns the project, the error or the time of
// the end, so a finding has none of these. It has the time of the media's last change instead.
// Sources: https://help.aliyun.com/en/vod/developer-reference/api-vod-2017-03-21-searchmedia and
// …-getvideolist, …-getvideoinfos
type vodProducer struct{ api *api }

const (
	// plainLimit is the maximum number of media that VOD lists by page number.
	plainLimit = 5000
	// scrollSize is the PageSize of SearchMedia. The API accepts 100, but with a token the current page and the
	// next one together may have at most 100 media.
	scrollSize = 50
	infosLimit = 20 // the maximum number of media IDs in one GetVideoInfos
)

// Name implements Producer.
func (p *vodProducer) Name() events.Producer { return events.VOD }

// List yields the results of SearchMedia, then the failed productions, each media ID once.
func (p *vodProducer) List(ctx context.Context, from, until time.Time) iter.Seq2[[]Edit, error] {
	from, until = from.UTC().Truncate(time.Second), until.UTC().Add(time.Second)
	return func(yield func([]Edit, error) bool) {
		seen := map[string]bool{}
		for _, listing := range []videoListing{p.produced(from, until), p.failed(from, until)} {
			for edits, err := range listing.pages(ctx, p.api, seen) {
				if !yield(edits, err) || err != nil {
					return
				}
			}
		}
	}
}

// produced lists the media that editing produced. It is not documented whether it also finds failed ones.
func (p *vodProducer) produced(from, until time.Time) videoListing {
	return videoListing{
		action: "SearchMedia",
		query: map[string]string{
			"SearchType": "video",
			"Fields":     "Title,Status,MediaSource,CreationTime,ModificationTime,Size,Duration",
			"Match":      fmt.Sprintf("MediaSource in ('editing') and CreationTime = ('%s','%s')", from.Add(-time.Second).Format(apiTime), until.Format(apiTime)),
			"SortBy":     "CreationTime:Asc",
			"PageSize":   strconv.Itoa(scrollSize),
		},
		scrolls: true,
	}
}

// failed lists the videos whose production failed.
func (p *vodProducer) failed(from, until time.Time) videoListing {
	return videoListing{
		action: "GetVideoList",
		query: map[string]string{
			"Status":    "ProduceFail",
			"StartTime": from.Format(apiTime),
			"EndTime":   until.Format(apiTime),
			"SortBy":    "CreationTime:Asc",
			"PageSize":  strconv.Itoa(pageSize),
		},
	}
}

// A videoListing is a listing by page numbers.
type videoListing struct {
	action  string
	query   map[string]string
	scrolls bool // it continues beyond plainLimit with a token
}

// videoPage is an answer of SearchMedia or GetVideoList.
type videoPage struct {
	Total       *int
	MediaList   []jsontext.Value // of SearchMedia
	VideoList   struct{ Video []jsontext.Value }
	ScrollToken text
}

// pages yields the pages of a listing without the media in seen, and adds the other media to seen.
func (l videoListing) pages(ctx context.Context, a *api, seen map[string]bool) iter.Seq2[[]Edit, error] {
	return func(yield func([]Edit, error) bool) {
		here := map[string]bool{} // the media of this listing
		for number := 1; ; number++ {
			l.query["PageNo"] = strconv.Itoa(number)
			page, err := call[videoPage](ctx, a, l.action, l.query)
			if err != nil {
				yield(nil, err)
				return
			}
			edits, more, err := l.read(page, here)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(unseen(edits, seen), nil) || !more {
				return
			}
			if page.ScrollToken != "" {
				l.query["ScrollToken"] = string(page.ScrollToken)
			}
		}
	}
}

// read reads a page and reports whether there are more. here has the media of the previous pages.
func (l videoListing) read(page videoPage, here map[string]bool) (edits []Edit, more bool, err error) {
	if page.Total == nil {
		return nil, false, fmt.Errorf("%s: the answer has no Total", l.action)
	}
	edits, err = readAllItems(append(page.MediaList, page.VideoList.Video...), readVideo)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", l.action, err)
	}
	before := len(here)
	for _, e := range edits {
		here[e.MediaID] = true
	}
	switch {
	case len(here) >= *page.Total:
		return edits, false, nil
	case len(here) == before:
		return nil, false, fmt.Errorf("%s: %w: %d of %d", l.action, errCutOff, len(here), *page.Total)
	case *page.Total > plainLimit && (!l.scrolls || page.ScrollToken == ""):
		return nil, false, fmt.Errorf("%s: VOD lists only %[3]d of %[2]d media: shorten the time range", l.action, *page.Total, plainLimit)
	default:
		return edits, true, nil
	}
}

// unseen returns the edits whose media ID is not in seen, and adds these IDs to seen.
func unseen(edits []Edit, seen map[string]bool) []Edit {
	kept := edits[:0]
	for _, e := range edits {
		if !seen[e.MediaID] {
			seen[e.MediaID] = true
			kept = append(kept, e)
		}
	}
	return kept
}

// infos is an answer of GetVideoInfos.
type infos struct{ VideoList []jsontext.Value }

// Complete adds the user data, which no listing contains. An edit stays as listed if its media was deleted or
// produced again meanwhile.
func (p *vodProducer) Complete(ctx context.Context, edits []Edit) error {
	for len(edits) > 0 {
		some := edits[:min(len(edits), infosLimit)]
		edits = edits[len(some):]
		at := map[string]int{}
		ids := make([]string, len(some))
		for i, e := range some {
			ids[i], at[e.MediaID] = e.MediaID, i
		}
		answer, err := call[infos](ctx, p.api, "GetVideoInfos", map[string]string{"VideoIds": strings.Join(ids, ",")})
		if err != nil {
			return err
		}
		videos, err := readAllItems(answer.VideoList, readVideo)
		if err != nil {
			return fmt.Errorf("GetVideoInfos: %w", err)
		}
		for _, v := range videos {
			if i, ok := at[v.MediaID]; ok && v.Status == some[i].Status {
				some[i] = v
			}
		}
	}
	return nil
}

// A video is VOD's answer about one media ID: an item of GetVideoList or GetVideoInfos or, with Video set, of
// SearchMedia.
type video struct {
	MediaID          text `json:"MediaId"`
	VideoID          text `json:"VideoId"`
	Status           text
	MediaSource      text
	CreationTime     text
	ModificationTime text
	UserData         text
	Video            *video
}

// editing is the MediaSource of media that were produced by online editing.
const editing = "editing"

// readVideo reads VOD's answer about one media ID.
func readVideo(raw []byte) (Edit, error) {
	var v video
	if err := readItem(raw, &v); err != nil {
		return Edit{}, fmt.Errorf("a video: %w", err)
	}
	inner := v
	if v.Video != nil {
		inner = *v.Video
	}
	e := Edit{Event: events.Event{
		EventType: events.TypeProduceMediaComplete, Producer: events.VOD,
		MediaID: string(cmp.Or(v.MediaID, inner.MediaID, inner.VideoID)), Status: inner.status(), UserData: string(inner.UserData),
	}}
	item := fmt.Sprintf("media ID %.32q", e.MediaID)
	var noSubmission, noEnd, noLine, noEdit error
	e.Submitted, noSubmission = parseTime(item, "CreationTime", cmp.Or(inner.CreationTime, v.CreationTime))
	if e.Status != "" {
		e.EventTime, noEnd = parseTime(item, "ModificationTime", cmp.Or(inner.ModificationTime, inner.CreationTime, v.CreationTime))
		if noEnd == nil && e.EventTime.IsZero() {
			noEnd = &memberError{item, "ModificationTime", "", "the time of the last change"}
		}
	}
	if inner.MediaSource != "" && inner.MediaSource != editing {
		noEdit = &memberError{item, "MediaSource", string(inner.MediaSource), "the MediaSource of the search: " + editing}
	}
	e.Raw, noLine = oneLine(raw)
	if err := cmp.Or(checkID(item, "MediaId", e.MediaID, true), noSubmission, noEnd, noEdit, noLine); err != nil {
		return Edit{}, err
	}
	return e, nil
}

// status returns the result of the production, or "" if it has not ended or if the upload failed (UploadFail).
// If there is a file, the production succeeded, whatever happened to the media afterwards.
// Source: VOD, "Basic structures", Status of a video.
func (v video) status() events.Status {
	switch v.Status {
	case "UploadSucc", "Transcoding", "TranscodeFail", "Checking", "Blocked", "Normal":
		return events.Success
	case "ProduceFail":
		return events.Fail
	default:
		return ""
	}
}
