package callback_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/internal/callback"
)

// The published example of both producers.
const (
	exampleURL       = "https://www.example.com/your/callback"
	exampleTimestamp = "1519375990"
	exampleKey       = callback.Key("test123")
	exampleSignature = "c72b60894140fa98920f1279219b7ed4"
)

var exampleTime = time.Unix(1519375990, 0)

func TestSignVector(t *testing.T) {
	t.Parallel()
	if got := callback.Sign(exampleURL, exampleTimestamp, exampleKey); got != exampleSignature {
		t.Errorf("Sign = %s, want %s", got, exampleSignature)
	}
	header := callback.ICE.SignNow(exampleURL, exampleKey, exampleTime)
	if header.Get("X-ICE-TIMESTAMP") != exampleTimestamp || header.Get("X-ICE-SIGNATURE") != exampleSignature {
		t.Errorf("SignNow = %v", header)
	}
}

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const (
		vt, vs = "X-Vod-Timestamp", "X-Vod-Signature"
		it, is = "X-Ice-Timestamp", "X-Ice-Signature"
		wrong  = "c72b60894140fa98920f1279219b7ed5"
	)
	ts, sig := exampleTimestamp, exampleSignature
	v := callback.Verifier{Keys: []callback.Key{"Old1", exampleKey}, MaxAge: 5 * time.Minute}
	noLimit := callback.Verifier{Keys: v.Keys}
	urls := []string{"https://other.example/", exampleURL}
	for _, tt := range []struct {
		name   string
		v      callback.Verifier
		header http.Header
		urls   []string
		now    time.Time
		want   error
	}{
		{"VOD", v, headers(vt, ts, vs, sig), urls, exampleTime, nil},
		{"ICE", v, headers(it, ts, is, sig), urls, exampleTime, nil},
		{"upper-case hex", v, headers(vt, ts, vs, strings.ToUpper(sig)), urls, exampleTime, nil},
		{"no key", callback.Verifier{}, headers(vt, ts, vs, sig), urls, exampleTime, callback.ErrNoKey},
		{"nothing", v, headers(), urls, exampleTime, callback.ErrUnsigned},
		{"empty values", v, headers(vt, "", vs, ""), urls, exampleTime, callback.ErrUnsigned},
		{"timestamp only", v, headers(vt, ts), urls, exampleTime, callback.ErrIncomplete},
		{"signature only", v, headers(is, sig), urls, exampleTime, callback.ErrIncomplete},
		{"timestamps of both", v, headers(vt, ts, it, ts), urls, exampleTime, callback.ErrIncomplete},
		{"one of each", v, headers(vt, ts, is, sig), urls, exampleTime, callback.ErrMixed},
		{"one of each, the other way", v, headers(it, ts, vs, sig), urls, exampleTime, callback.ErrMixed},
		{"both, VOD right", v, headers(vt, ts, vs, sig, it, ts, is, wrong), urls, exampleTime, nil},
		{"both, ICE right", v, headers(vt, ts, vs, wrong, it, ts, is, sig), urls, exampleTime, nil},
		{"both wrong", v, headers(vt, ts, vs, wrong, it, ts, is, wrong), urls, exampleTime, callback.ErrMismatch},
		{"ICE right, VOD incomplete", v, headers(vt, ts, it, ts, is, sig), urls, exampleTime, nil},
		{"twice the same", v, headers(vt, ts, vs, sig, vs, sig), urls, exampleTime, nil},
		{"twice the same, joined", v, headers(vt, ts+", "+ts, vs, sig), urls, exampleTime, nil},
		{"twice, different", v, headers(vt, ts, vs, sig, vs, wrong), urls, exampleTime, callback.ErrRepeated},
		{"twice, joined", v, headers(vt, ts, vs, wrong+","+sig), urls, exampleTime, callback.ErrRepeated},
		{"twice, one empty", v, headers(vt, ts, vs, sig+","), urls, exampleTime, callback.ErrRepeated},
		{"twice in the other pair", v, headers(vt, ts, vs, sig, it, "1", it, "2"), urls, exampleTime, callback.ErrRepeated},
		{"wrong signature", v, headers(vt, ts, vs, wrong), urls, exampleTime, callback.ErrMismatch},
		{"short signature", v, headers(vt, ts, vs, sig[:30]), urls, exampleTime, callback.ErrForm},
		{"no hex", v, headers(vt, ts, vs, strings.Repeat("z", 32)), urls, exampleTime, callback.ErrForm},
		{"other URL", v, headers(vt, ts, vs, sig), urls[:1], exampleTime, callback.ErrMismatch},
		{"no URL", v, headers(vt, ts, vs, sig), nil, exampleTime, callback.ErrNoURL},
		{"timestamp with a sign", v, headers(vt, "+"+ts, vs, sig), urls, exampleTime, callback.ErrTimestamp},
		{"timestamp with a blank", v, headers(vt, "15 9", vs, sig), urls, exampleTime, callback.ErrTimestamp},
		{"timestamp in other digits", v, headers(vt, "١٥١٩", vs, sig), urls, exampleTime, callback.ErrTimestamp},
		{"timestamp in hex", noLimit, headers(vt, "0x5a", vs, sig), urls, exampleTime, callback.ErrTimestamp},
		{"timestamp beyond numbers", v, headers(vt, strings.Repeat("9", 40), vs, sig), urls, exampleTime, callback.ErrTooNew},
		{"just young enough", v, headers(vt, ts, vs, sig), urls, exampleTime.Add(300*time.Second + 999*time.Millisecond), nil},
		{"too old", v, headers(vt, ts, vs, sig), urls, exampleTime.Add(301 * time.Second), callback.ErrTooOld},
		{"just not too new", v, headers(vt, ts, vs, sig), urls, exampleTime.Add(-300 * time.Second), nil},
		{"too new", v, headers(vt, ts, vs, sig), urls, exampleTime.Add(-301 * time.Second), callback.ErrTooNew},
		{"no limit", noLimit, headers(vt, ts, vs, sig), urls, exampleTime.AddDate(30, 0, 0), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.v.Verify(tt.header, tt.urls, tt.now); !errors.Is(err, tt.want) {
				t.Errorf("Verify = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestKeyIsNeverShown(t *testing.T) {
	t.Parallel()
	key := callback.Key("S3cret")
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "key", key, "keys", []callback.Key{key}, "v", callback.Verifier{Keys: []callback.Key{key}})
	encoded, err := json.Marshal(map[string]any{"k": key, "v": callback.Verifier{Keys: []callback.Key{key}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		logged.String(), string(encoded), key.String(),
		fmt.Sprintf("%v %s %q %+v %#v", key, key, key, key, key),
		fmt.Sprintf("%v %#v", callback.Verifier{Keys: []callback.Key{key}}, []callback.Key{key}),
	} {
		if strings.Contains(s, string("S3cret")) {
			t.Errorf("shown: %s", s)
		}
	}
}

// FuzzVerify checks that nothing is authentic but what a holder of the key signed.
func FuzzVerify(f *testing.F) {
	f.Add(exampleTimestamp, exampleSignature, "", "")
	f.Add("", "", exampleTimestamp, exampleSignature)
	f.Add(exampleTimestamp+","+exampleTimestamp, strings.ToUpper(exampleSignature), "1", "")
	v := callback.Verifier{Keys: []callback.Key{exampleKey}, MaxAge: 5 * time.Minute}
	f.Fuzz(func(t *testing.T, vodTime, vodSig, iceTime, iceSig string) {
		header := headers("X-Vod-Timestamp", vodTime, "X-Vod-Signature", vodSig, "X-Ice-Timestamp", iceTime, "X-Ice-Signature", iceSig)
		if err := v.Verify(header, []string{exampleURL}, exampleTime); err != nil {
			return
		}
		signed := func(timestamp, signature string) bool {
			timestamp, signature = strings.Trim(first(timestamp), " \t"), strings.Trim(first(signature), " \t")
			n, err := strconv.ParseInt(timestamp, 10, 64)
			return err == nil && n >= 1519375690 && n <= 1519376290 &&
				strings.EqualFold(signature, callback.Sign(exampleURL, timestamp, exampleKey))
		}
		if !signed(vodTime, vodSig) && !signed(iceTime, iceSig) {
			t.Fatalf("authentic: %v", header)
		}
	})
}

func first(s string) string {
	s, _, _ = strings.Cut(s, ",")
	return s
}
