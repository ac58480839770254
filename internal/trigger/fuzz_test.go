package trigger_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vod-callback/recorder/internal/jsonx"
	"github.com/vod-callback/recorder/internal/test/eventtest"
	"github.com/vod-callback/recorder/internal/trigger"
)

// FuzzMemberOrder checks that what a payload is does not depend on the order of its members.
func FuzzMemberOrder(f *testing.F) {
	eventtest.Seed(f)
	for _, s := range []string{
		`{"headers":{},"TopicName":"t","Message":"{}","body":"b","attrs":{},"EventType":"E","specversion":"1.0","data":{"messageBody":"{}"},"messageBody":"x"}`,
		`{"Message":"a","Message":"b","TopicName":"t"}`, `{"body":1,"attrs":2,"body":3}`, `{"data":{"messageBody":1},"specversion":"1.0","data":{}}`,
		`{"requestContext":{"http":{"method":"POST"}},"requestContext":{},"headers":{"A":"1"},"headers":{"a":"2"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		object, err := jsonx.Lenient(payload)
		if err != nil {
			return
		}
		a := trigger.Read(payload)
		var members []string
		for _, m := range object {
			members = append(members, quoted(string(m.Name))+":"+string(m.Value))
			if bytes.ContainsRune(m.Name, '\ufffd') || !utf8.Valid(m.Name) { // ill-formed, perhaps
				return
			}
		}
		slices.Reverse(members)
		reversed := []byte("{" + strings.Join(members, ",") + "}")
		b := trigger.Read(reversed)
		if (a.Request == nil) != (b.Request == nil) || len(a.Messages) != len(b.Messages) {
			t.Fatalf("%s\nis %+v, in another order %+v", payload, a, b)
		}
		if a.Request != nil {
			sameRequest(t, a.Request, b.Request)
			return
		}
		for i, m := range a.Messages {
			n := b.Messages[i]
			whole := m.Trigger == trigger.Direct || m.Reason != "" // what is kept has the payload's own order
			if m.Trigger != n.Trigger || m.ID != n.ID || m.Reason != n.Reason || (!whole && (string(m.Body) != string(n.Body) || string(m.Sent) != string(n.Sent))) {
				t.Fatalf("%s\nis %+v, in another order %+v", payload, m, n)
			}
		}
	})
}

func sameRequest(t *testing.T, a, b *trigger.Request) {
	t.Helper()
	if a.Repeated != b.Repeated {
		t.Fatalf("repeated %q, in another order %q", a.Repeated, b.Repeated)
	}
	if a.Repeated != "" { // refused, whatever the rest says
		return
	}
	for _, name := range []string{"X-Vod-Timestamp", "X-Vod-Signature", "X-Ice-Timestamp", "X-Ice-Signature"} {
		if x, y := slices.Sorted(slices.Values(a.Values(name))), slices.Sorted(slices.Values(b.Values(name))); !slices.Equal(x, y) {
			t.Fatalf("%s is %q, in another order %q", name, x, y)
		}
	}
	if a.Method != b.Method || a.DomainName != b.DomainName || a.RawPath != b.RawPath {
		t.Fatalf("%+v, in another order %+v", a, b)
	}
	bodyA, errA := a.Body(1 << 20)
	bodyB, errB := b.Body(1 << 20)
	if string(bodyA) != string(bodyB) || (errA == nil) != (errB == nil) {
		t.Fatalf("body %s, %v; in another order %s, %v", bodyA, errA, bodyB, errB)
	}
}
