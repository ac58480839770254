package soak

import (
	"encoding/json"
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

// payload is what the platform hands over in one try.
func (r *run) payload(d delivery, try int) []byte {
	now := time.Now()
	random := r.plan.random("payload", d.number<<3|uint64(try)) //nolint:gosec // G115: a small number
	body := d.bodies[0]
	switch d.kind.name {
	case "vod http", rejectedHTTP, otherType:
		return r.http(callback.VOD.SignNow(callbackURL, r.keys[random.IntN(2)], now), body, now)
	case "ims http":
		return r.http(callback.ICE.SignNow(callbackURL, r.keys[random.IntN(2)], now), body, now)
	case stranger:
		return r.http(r.forged(random.IntN(5), now), body, now)
	case "mns topic":
		return sample.MNSTopic(body, now)
	case "mns topic stream":
		return sample.MNSTopicStream(body)
	case "mns queue", rejectedQueue:
		return sample.MNSQueue(body, now)
	case "mns queue batch":
		return sample.MNSQueueBatch(d.bodies, now)
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

// forged returns headers that prove nothing.
func (r *run) forged(how int, now time.Time) http.Header {
	good := callback.VOD.SignNow(callbackURL, r.keys[0], now)
	switch how {
	case 0:
		return http.Header{}
	case 1: // a guessed key
		return callback.VOD.SignNow(callbackURL, "Guess1", now)
	case 2: // captured long ago
		return callback.VOD.SignNow(callbackURL, r.keys[0], now.Add(-time.Hour))
	case 3: // for another URL
		return callback.ICE.SignNow("https://recorder.example.com/", r.keys[1], now)
	default: // the timestamp of one pair, the signature of the other, and a second one
		h := maps.Clone(good)
		h[callback.ICE.Timestamp] = []string{strconv.FormatInt(now.Unix()+1, 10)}
		h[callback.ICE.Signature] = h[callback.VOD.Signature]
		delete(h, callback.VOD.Signature)
		return h
	}
}

// What a try came to.
type outcomeOfTry int

const (
	noAnswer outcomeOfTry = iota // the instance was killed, or the sender waited too long
	said                         // the function answered
)

// An answer is what a sender got back.
type answer struct {
	what     outcomeOfTry
	success  bool // by the sender's rule
	status   int  // of an HTTP answer
	failed   bool // the invocation, by the function's own word
	duration time.Duration
	rejected int // messages, of a success that is not HTTP
	ignored  int
	text     string
	id       string // of the invocation
}

// readAnswer reads an answer as the sender does.
func readAnswer(d delivery, resp fclocal.Response) answer {
	if resp.Failed && resp.ErrorType != "HandledInvocationError" {
		return answer{what: noAnswer, text: string(resp.Payload)}
	}
	a := answer{what: said, failed: resp.Failed, duration: resp.Duration, text: string(resp.Payload), id: resp.RequestID}
	if resp.Failed {
		return a
	}
	if !d.kind.http {
		var counts struct{ Recorded, Duplicate, Ignored, Rejected int }
		err := json.Unmarshal(resp.Payload, &counts)
		a.success = err == nil && counts.Recorded+counts.Duplicate+counts.Ignored+counts.Rejected == len(d.bodies)
		a.rejected, a.ignored = counts.Rejected, counts.Ignored
		return a
	}
	var web struct{ StatusCode int }
	if err := json.Unmarshal(resp.Payload, &web); err == nil {
		a.status = web.StatusCode
	}
	a.success = a.status == http.StatusOK
	return a
}
