package soak

import (
	"encoding/base64"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
)

// TestBooks makes sure that the books show what a soak must not find.
func TestBooks(t *testing.T) {
	t.Parallel()
	yes, no := answer{what: said, success: true, status: 200}, answer{what: noAnswer}
	for _, tt := range []struct {
		name    string
		answers []answer
		store   func(key string, body []byte) map[string][]byte
		want    string // of the report's failures; "" is none
		stored  int
	}{
		{"stored", []answer{no, yes}, func(k string, b []byte) map[string][]byte { return map[string][]byte{k: b} }, "", 1},
		{"acknowledged and gone", []answer{no, yes}, nil, "1 events lost", 0},
		{"503 and not in the log", []answer{{what: said, status: 503}}, nil, "1 events lost", 0},
		{"never answered", []answer{no, no, no}, nil, "", 0},
		{"another answer than it may get", []answer{{what: said, status: 204}, yes}, func(k string, b []byte) map[string][]byte { return map[string][]byte{k: b} }, "1 answers or records wrong", 1},
		{"another body", []answer{yes}, func(k string, b []byte) map[string][]byte {
			return map[string][]byte{k: []byte(strings.Replace(string(b), `"trigger":"http"`, `"trigger":"direct"`, 1))}
		}, "1 answers or records wrong", 1},
		{"another event", []answer{yes}, func(k string, b []byte) map[string][]byte {
			return map[string][]byte{k: []byte(strings.ReplaceAll(string(b), "success", "fail"))}
		}, "1 answers or records wrong", 1},
		{"under two keys", []answer{yes}, func(k string, b []byte) map[string][]byte {
			return map[string][]byte{k: b, strings.Replace(k, "dt=", "dt=1", 1): b}
		}, "1 answers or records wrong", 1},
		{"with a secret", []answer{yes}, func(k string, b []byte) map[string][]byte {
			return map[string][]byte{k: b, "leak": []byte(newSecrets(1).next("Token"))}
		}, "1 kinds of leaks", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &run{Config: Config{Seed: 1, RecordTimeout: time.Second}, secrets: newSecrets(1)}
			r.ledger = newLedger(r.secrets)
			if err := r.startOSS(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.oss.Close() })
			d := delivery{kind: kinds[0], bodies: [][]byte{r.plan.body(1, 0, kinds[0].name)}}
			a := r.ledger.open(d)
			for _, got := range tt.answers {
				r.ledger.answered(a, got)
			}
			if tt.store != nil {
				key, body := entryOf(t, d.bodies[0])
				objects := map[string][]byte{}
				for k, b := range tt.store(key, body) {
					objects[prefix+"/"+k] = b
				}
				if err := r.oss.Seed(bucketName, sorted(objects)); err != nil {
					t.Fatal(err)
				}
			}
			report := &Report{}
			r.account(report)
			if err := r.scanLogs(report); err != nil {
				t.Fatal(err)
			}
			failures := report.Failures()
			if tt.want == "" && len(failures) > 0 || tt.want != "" && !slices.ContainsFunc(failures, func(f string) bool { return strings.HasPrefix(f, tt.want) }) {
				t.Errorf("failures %q, want %q", failures, tt.want)
			}
			if report.Stored != tt.stored {
				t.Errorf("stored %d, want %d", report.Stored, tt.stored)
			}
		})
	}
}

func entryOf(t *testing.T, raw []byte) (key string, body []byte) {
	t.Helper()
	event, err := events.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	o, err := outcome.New(event, raw, outcome.Facts{Trigger: "http", RequestID: "r", AccountID: accountID, Region: "cn-hangzhou", ReceivedAt: epoch})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := o.Entry()
	if err != nil {
		t.Fatal(err)
	}
	return entry.Key, entry.Body
}

func sorted(objects map[string][]byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !yield(key, objects[key]) {
				return
			}
		}
	}
}

func TestSecretsAreRecognised(t *testing.T) {
	t.Parallel()
	const signature = "0123456789abcdef0123456789abcdef"
	for name, text := range map[string]func(s *secrets) string{
		"plain":              func(s *secrets) string { return "key " + s.next("Key") + "." },
		"Base64":             func(s *secrets) string { return base64.StdEncoding.EncodeToString([]byte(s.next("Key"))) },
		"Base64, shifted":    func(s *secrets) string { return base64.StdEncoding.EncodeToString([]byte("1" + s.next("Key"))) },
		"Base64, shifted on": func(s *secrets) string { return base64.StdEncoding.EncodeToString([]byte("12" + s.next("Key"))) },
		"a signature":        func(*secrets) string { return `"` + strings.ToUpper(signature) + `"` },
	} {
		s := newSecrets(7)
		s.addSignature("OSS4 Credential=x,Signature=" + signature)
		s.scan("here", []byte(text(s)))
		if len(s.leaks) != 1 {
			t.Errorf("%s: %v, want a leak", name, s.leaks)
		}
	}
	s := newSecrets(7)
	s.addSignature(signature)
	s.scan("here", []byte("nothing 0123456789abcdef0123456789abcdef0 "+newSecrets(8).next("Key")))
	if len(s.leaks) != 0 {
		t.Errorf("found %v where there is nothing", s.leaks)
	}
}

func TestPlanFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for n := range uint64(2000) {
		a, b := plan{3}.delivery(n), plan{3}.delivery(n)
		if a.kind.name != b.kind.name || !reflect.DeepEqual(a.bodies, b.bodies) {
			t.Fatalf("delivery %d differs", n)
		}
		names[a.kind.name] = true
		for i, body := range a.bodies {
			if f, again := (plan{3}).fault(string(body), i, 0.3), (plan{3}).fault(string(body), i, 0.3); f != again {
				t.Fatalf("the fault of delivery %d differs", n)
			}
		}
	}
	if len(names) != len(kinds) {
		t.Errorf("%d kinds of deliveries, want %d", len(names), len(kinds))
	}
}
