// Package callback signs and verifies HTTP callbacks of ApsaraVideo VOD and Intelligent Media Services.
//
// Both producers sign the callback URL, a timestamp and a shared key with MD5; only the names of the two headers
// differ. The signature does not cover the body, so a captured signature is valid for any body until it is too
// old. Sources: "HTTP callbacks" (ApsaraVideo VOD), "Callback authentication" (IMS).
package callback

import (
	"crypto/md5" //nolint:gosec // G501: the senders prescribe MD5
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Key is a callback authentication key. It prints as [redacted]. The senders allow at most 32 characters, with
// upper-case letters, lower-case letters and digits.
type Key string

const redacted = "[redacted]"

// String returns [redacted], so that no format verb prints the key.
func (Key) String() string { return redacted }

// GoString returns [redacted], for %#v.
func (Key) GoString() string { return redacted }

// LogValue returns [redacted], for log/slog.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted], for JSON and other encodings.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Headers are the names of the two headers of one producer.
type Headers struct{ Timestamp, Signature string }

// The headers of both producers, in Go's canonical form.
var (
	VOD = Headers{"X-Vod-Timestamp", "X-Vod-Signature"} // ApsaraVideo VOD
	ICE = Headers{"X-Ice-Timestamp", "X-Ice-Signature"} // Intelligent Media Services
)

// The reasons why a callback is not authentic. Each one needs a different fix.
var (
	ErrNoKey      = errors.New("no callback key is configured: set VOD_CALLBACK_KEYS")
	ErrUnsigned   = errors.New("the request has no signature: turn on callback authentication at the sender")
	ErrIncomplete = errors.New("the request has a timestamp without a signature, or a signature without a timestamp")
	ErrMixed      = errors.New("the request has the timestamp of one producer and the signature of the other")
	ErrRepeated   = errors.New("the request has an authentication header twice, with different values")
	ErrTimestamp  = errors.New("the timestamp is not a number of seconds in decimal digits")
	ErrTooOld     = errors.New("the timestamp is older than VOD_CALLBACK_MAX_AGE")
	ErrTooNew     = errors.New("the timestamp is further in the future than VOD_CALLBACK_MAX_AGE")
	ErrForm       = errors.New("the signature is not 32 hexadecimal digits")
	ErrNoURL      = errors.New("the URL of the request is unknown: set VOD_CALLBACK_URLS")
	ErrMismatch   = errors.New("the signature matches none of the URLs with any of the keys: " +
		"compare the callback URL and the key at the sender with VOD_CALLBACK_URLS and VOD_CALLBACK_KEYS")
)

// Sign returns the signature of a callback to url: the MD5 of "URL|TIMESTAMP|KEY" in lower-case hex. timestamp is
// in Unix seconds, in decimal digits.
func Sign(url, timestamp string, key Key) string {
	sum := digest(url, timestamp, key)
	return hex.EncodeToString(sum[:])
}

func digest(url, timestamp string, key Key) [md5.Size]byte {
	return md5.Sum([]byte(url + "|" + timestamp + "|" + string(key))) //nolint:gosec // G401: as above
}

// SignNow returns the two headers of a callback to url at the time now.
func (h Headers) SignNow(url string, key Key, now time.Time) http.Header {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	return http.Header{h.Timestamp: {timestamp}, h.Signature: {Sign(url, timestamp, key)}}
}

// A Header returns the values of a request header. http.Header implements it. Names are in Go's canonical form.
type Header interface {
	Values(name string) []string
}

// A Verifier decides whether callbacks are authentic.
type Verifier struct {
	Keys   []Key         // a signature with any of them is valid; without a key, every callback is refused
	MaxAge time.Duration // the maximum distance of a timestamp from now, past or future; 0: no limit
}

// Verify returns nil if header has a valid signature for one of urls with one of the keys, at a time close to now.
// Otherwise it returns one of the errors above.
func (v Verifier) Verify(header Header, urls []string, now time.Time) error {
	if len(v.Keys) == 0 {
		return ErrNoKey
	}
	vod, err := readPair(header, VOD)
	if err != nil {
		return err
	}
	ice, err := readPair(header, ICE)
	if err != nil {
		return err
	}
	switch {
	case vod == pair{} && ice == pair{}:
		err = ErrUnsigned
	case vod != pair{} && ice != pair{} && (vod.timestamp == "") != (ice.timestamp == ""):
		err = ErrMixed
	default:
		err = ErrIncomplete
	}
	for _, p := range []pair{vod, ice} { // if both are complete, one valid pair is enough
		if p.timestamp != "" && p.signature != "" {
			if err = v.verify(p, urls, now); err == nil {
				return nil
			}
		}
	}
	return err
}

func (v Verifier) verify(p pair, urls []string, now time.Time) error {
	if err := v.checkAge(p.timestamp, now); err != nil {
		return err
	}
	var signature [md5.Size]byte
	if len(p.signature) != hex.EncodedLen(md5.Size) {
		return ErrForm
	}
	if _, err := hex.Decode(signature[:], []byte(p.signature)); err != nil {
		return ErrForm
	}
	if len(urls) == 0 {
		return ErrNoURL
	}
	// Compute every combination and compare in constant time, so that the duration does not reveal which one
	// matched.
	match := 0
	for _, url := range urls {
		for _, key := range v.Keys {
			sum := digest(url, p.timestamp, key)
			match |= subtle.ConstantTimeCompare(sum[:], signature[:])
		}
	}
	if match == 0 {
		return ErrMismatch
	}
	return nil
}

// checkAge compares whole seconds, because the timestamp is in whole seconds.
func (v Verifier) checkAge(timestamp string, now time.Time) error {
	if strings.Trim(timestamp, "0123456789") != "" {
		return ErrTimestamp
	}
	if v.MaxAge == 0 {
		return nil
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return ErrTooNew // too large for a time
	}
	limit := int64(v.MaxAge / time.Second)
	switch age := now.Unix() - seconds; {
	case age > limit:
		return ErrTooOld
	case age < -limit:
		return ErrTooNew
	default:
		return nil
	}
}

// A pair holds the values of the two headers of one producer. An absent header is "".
type pair struct{ timestamp, signature string }

func readPair(header Header, names Headers) (p pair, err error) {
	if p.timestamp, err = single(header.Values(names.Timestamp)); err != nil {
		return pair{}, err
	}
	if p.signature, err = single(header.Values(names.Signature)); err != nil {
		return pair{}, err
	}
	return p, nil
}

// single returns the one distinct value in values. FC joins the values of a repeated header with commas. The same
// value twice is harmless. Different values are an error, because two programs could read the request differently.
func single(values []string) (string, error) {
	one, seen := "", false
	for _, joined := range values {
		for value := range strings.SplitSeq(joined, ",") {
			value = strings.Trim(value, " \t")
			if seen && value != one {
				return "", ErrRepeated
			}
			one, seen = value, true
		}
	}
	return one, nil
}
