package soak

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	seed       = flag.Uint64("seed", 1, "what a soak does follows from it")
	deliveries = flag.Int("deliveries", 300, "how many deliveries a soak has")
	instances  = flag.Int("instances", 24, "how many instances of the function there are at a time")
	timeout    = flag.Duration("record-timeout", 500*time.Millisecond, "RECORD_TIMEOUT")
	share      = flag.Float64("faults", 0.3, "the share of requests to OSS that fail")
	pace       = flag.Float64("pace", 0.01, "a factor on the pauses between a sender's tries")
	keep       = flag.String("logs", "", "an empty directory that keeps the instances' logs")
)

// TestSoak takes seconds; 'make soak' has it take minutes.
func TestSoak(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "../../../cmd/function", "../../../cmd/vodctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	logs := *keep
	if logs == "" {
		logs = t.TempDir()
	}
	report, failures, err := Run(t.Context(), Config{
		Function: filepath.Join(dir, "function"), Vodctl: filepath.Join(dir, "vodctl"), Dir: logs,
		Seed: *seed, Deliveries: *deliveries, Instances: *instances,
		RecordTimeout: *timeout, Faults: *share, Pace: *pace, Progress: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", report)
	for _, failure := range failures[:min(len(failures), 50)] {
		t.Error(failure)
	}
	if len(failures) > 50 {
		t.Errorf("and %d more", len(failures)-50)
	}
	for _, want := range []string{"stored", "instance killed", "credentials renewed", "401", "503", "failed invocation"} {
		if !strings.Contains(report, want) {
			t.Errorf("there was no %q: this is no soak", want)
		}
	}
}

// TestBooks makes sure that the books show what a soak must not find.
func TestBooks(t *testing.T) {
	t.Parallel()
	p := plan{1}
	body := p.body(kinds[0], 1, 0)
	key, record := expect(body)
	maps.Copy(record, map[string]any{
		"trigger": "http", "request_id": "r", "account_id": accountID, "region": "cn-hangzhou", "received_at": "2026-11-22T00:00:00Z",
	})
	stored := string(mustJSON(t, record))
	yes, no, killed := answer{answered: true}, answer{}, answer{killed: true}
	for _, tt := range []struct {
		name    string
		kind    kind
		answers []answer
		store   map[string]string
		want    string // of the failure; "" is none
	}{
		{"stored", kinds[0], []answer{no, yes}, map[string]string{key: stored}, ""},
		{"acknowledged and gone", kinds[0], []answer{no, yes}, nil, "is lost"},
		{"killed, then acknowledged and gone", kinds[0], []answer{killed, yes}, nil, "is lost"},
		{"killed each time", kinds[0], []answer{killed, no}, nil, ""},
		{"never answered", kinds[0], []answer{no, no}, nil, "was never answered"},
		{"another answer than it may get", kinds[0], []answer{{answered: true, wrong: true}}, map[string]string{key: stored}, "answer"},
		{"through another trigger", kinds[0], []answer{yes}, map[string]string{key: strings.Replace(stored, `"http"`, `"direct"`, 1)}, "its delivery is unknown"},
		{"another event", kinds[0], []answer{yes}, map[string]string{key: strings.ReplaceAll(stored, "success", "fail")}, "want map"},
		{"a member too many", kinds[0], []answer{yes}, map[string]string{key: `{"more":1,` + stored[1:]}, "want map"},
		{"cut", kinds[0], []answer{yes}, map[string]string{key: stored[:90]}, "its delivery is unknown"},
		{"under another key", kinds[0], []answer{yes}, map[string]string{"x" + key: stored}, "nobody sent"},
		{"a stranger", kinds[len(kinds)-1], []answer{yes}, map[string]string{key: stored}, "is not authentic"},
		{"a stranger kept out", kinds[len(kinds)-1], []answer{yes}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBooks()
			d := delivery{kind: tt.kind, bodies: [][]byte{body}}
			of := b.open(d)
			for _, a := range tt.answers {
				b.answered(d, of, a)
			}
			b.account(func(yield func(string, []byte) bool) {
				for key, body := range tt.store {
					yield(key, []byte(body))
				}
			})
			if got := fmt.Sprint(b.failures); !strings.Contains(got, tt.want) || (tt.want == "") != (len(b.failures) == 0) {
				t.Errorf("failures %s, want %q", got, tt.want)
			}
		})
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

// TestPlanFollowsFromTheSeed also makes sure that the plan has every kind of delivery and of fault.
func TestPlanFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for n := range 1500 {
		a, b := plan{3}.delivery(n), plan{3}.delivery(n)
		if a.kind.name != b.kind.name || !reflect.DeepEqual(a.bodies, b.bodies) {
			t.Fatalf("delivery %d differs", n)
		}
		f, again := plan{3}.fault(fmt.Sprint(n), 1, 0.5), plan{3}.fault(fmt.Sprint(n), 1, 0.5)
		if f != again {
			t.Fatalf("fault %d differs", n)
		}
		names[a.kind.name], names["fault "+f.name] = true, true
	}
	if want := len(kinds) + len(faults) + 1; len(names) != want { // and no fault
		t.Errorf("%d kinds of deliveries and faults, want %d", len(names), want)
	}
}

func mustJSON(t *testing.T, record map[string]any) []byte {
	t.Helper()
	out, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
