package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
)

// An answer is what a sender got back from one try.
type answer struct {
	name     string // for the counts
	text     string
	answered bool // by the function
	success  bool // by the sender's rule
	killed   bool // there is no answer because the instance was killed
	wrong    bool // the function may not answer this delivery like this
	took     time.Duration
}

// deliver simulates one sender from the first try to the last.
func (r *run) deliver(ctx context.Context, d delivery) {
	of := r.books.open(d)
	for try := range d.kind.tries {
		if try > 0 {
			select {
			case <-time.After(r.plan.pause(d, try, r.Pace)):
			case <-ctx.Done():
			}
		}
		a := r.try(ctx, d, try)
		if ctx.Err() != nil {
			return
		}
		if r.books.answered(d, of, a); a.success {
			return
		}
	}
}

// try delivers once.
func (r *run) try(ctx context.Context, d delivery, try int) answer {
	rt := <-r.free
	defer func() { r.free <- rt }()
	waiting, cancel := context.WithTimeout(ctx, d.kind.wait)
	defer cancel()
	payload := r.payload(d, try)
	killed := make(chan struct{})
	after, yes := r.plan.kill(d.number, try)
	kill := time.AfterFunc(after, func() {
		if yes {
			rt.Kill()
		}
		close(killed)
	})
	resp, err := rt.Invoke(waiting, payload)
	if !kill.Stop() {
		<-killed // so that it cannot hit the next try
	} else {
		yes = false
	}
	r.secrets.scan("an answer", resp.Payload)
	switch {
	case err == nil && (!resp.Failed || resp.ErrorType == "HandledInvocationError"):
		a := judge(d, resp)
		a.answered, a.text, a.took = true, string(resp.Payload), resp.Duration
		return a
	case yes:
		r.books.count("faults", "instance killed")
		return answer{name: "instance killed", killed: true}
	case err != nil: // the sender's patience has ended
		return answer{name: "too late"}
	default:
		return answer{name: "crash", wrong: true, text: string(resp.Payload)}
	}
}

// judge reads an answer as the sender does.
func judge(d delivery, resp fclocal.Response) answer {
	if d.kind.trigger != "http" {
		if resp.Failed {
			return answer{name: "failed invocation"}
		}
		var counts struct{ Recorded, Duplicate, Ignored, Rejected int }
		err := json.Unmarshal(resp.Payload, &counts)
		right := counts.Recorded+counts.Duplicate == len(d.bodies)
		if d.kind.becomes == rejected {
			right = counts.Rejected == 1
		}
		return answer{name: "success", success: true, wrong: err != nil || !right}
	}
	var web struct {
		StatusCode int
		Body       string
	}
	err := json.Unmarshal(resp.Payload, &web)
	status, says := http.StatusOK, []string{`"recorded"`, `"duplicate"`}
	switch d.kind.becomes {
	case rejected:
		status, says = http.StatusBadRequest, []string{`"error"`}
	case ignored:
		says = []string{`"ignored"`}
	case refused:
		status, says = http.StatusUnauthorized, []string{`"error"`}
	}
	if web.StatusCode == http.StatusServiceUnavailable && (d.kind.becomes == event || d.kind.becomes == rejected) {
		status, says = http.StatusServiceUnavailable, []string{`"error"`}
	}
	right := err == nil && !resp.Failed && web.StatusCode == status && (strings.Contains(web.Body, says[0]) || strings.Contains(web.Body, says[len(says)-1]))
	return answer{name: fmt.Sprint(web.StatusCode), success: web.StatusCode == http.StatusOK, wrong: !right}
}

// payload returns the payload that the platform delivers in one try.
func (r *run) payload(d delivery, try int) []byte {
	now := time.Now()
	random := r.plan.random("payload", d.number, try)
	body := d.bodies[0]
	switch name := d.kind.name; {
	case d.kind.becomes == refused:
		return r.http(r.forged(random.IntN(5), now), body, now)
	case name == "ims http":
		return r.http(callback.ICE.SignNow(callbackURL, r.keys[random.IntN(2)], now), body, now)
	case d.kind.trigger == "http":
		return r.http(callback.VOD.SignNow(callbackURL, r.keys[random.IntN(2)], now), body, now)
	case name == "mns topic":
		return sample.MNSTopic(body, now)
	case name == "mns topic stream":
		return sample.MNSTopicStream(body)
	case name == "mns queue batch":
		return sample.MNSQueueBatch(d.bodies, now)
	case d.kind.trigger == "mns_queue":
		return sample.MNSQueue(body, now)
	default:
		return body
	}
}

func (r *run) http(header http.Header, body []byte, now time.Time) []byte {
	for name, values := range header {
		if strings.HasSuffix(name, "Signature") {
			r.secrets.addSignature(values[0])
		}
	}
	target, err := url.Parse(callbackURL)
	if err != nil {
		panic(err) // a constant
	}
	return sample.HTTP(http.MethodPost, target, header, body, now)
}

// forged returns invalid authentication headers.
func (r *run) forged(how int, now time.Time) http.Header {
	good := callback.VOD.SignNow(callbackURL, r.keys[0], now)
	switch how {
	case 0:
		return http.Header{}
	case 1: // by another key
		return callback.VOD.SignNow(callbackURL, "An0therKey", now)
	case 2: // captured long ago
		return callback.VOD.SignNow(callbackURL, r.keys[0], now.Add(-time.Hour))
	case 3: // for another URL
		return callback.ICE.SignNow("https://recorder.example.com/", r.keys[1], now)
	default: // the timestamp of one pair, the signature of the other
		h := maps.Clone(good)
		h[callback.ICE.Timestamp] = []string{strconv.FormatInt(now.Unix()+1, 10)}
		h[callback.ICE.Signature] = h[callback.VOD.Signature]
		delete(h, callback.VOD.Signature)
		return h
	}
}
