package handler_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// hostileEvent is a VOD event with one more member, called X.
func hostileEvent(x string) string {
	return `{"EventType":"ProduceMediaComplete","EventTime":"2018-12-26T14:34:09Z","Status":"success","MediaId":"m","ProjectId":"p","X":` + x + `}`
}

// logLines returns the lines of a log, each of which has to be one JSON object that begins as promised.
func logLines(t *testing.T, log string) []map[string]json.RawMessage {
	t.Helper()
	if log != "" && !strings.HasSuffix(log, "\n") {
		t.Error("the log ends inside a line")
	}
	var lines []map[string]json.RawMessage
	for line := range strings.Lines(log) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &members); err != nil || !strings.HasPrefix(line, `{"time":"`) {
			t.Fatalf("no line of ours: %.300s: %v", line, err)
		}
		lines = append(lines, members)
	}
	return lines
}

// deep returns n arrays inside one another.
func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// TestHugeEvents checks that whatever the size of an event, it is recorded so that it can be read back,
// or rejected and kept.
func TestHugeEvents(t *testing.T) {
	t.Parallel()
	members := new(strings.Builder)
	for i := range 200_000 {
		fmt.Fprintf(members, `"%d":1,`, i)
	}
	for _, tt := range []struct {
		name, event string
		rejected    string // a part of the reason
	}{
		{"the deepest", hostileEvent(deep(jsonx.MaxDepth - 1)), ""},
		{"too deep", hostileEvent(deep(jsonx.MaxDepth)), "nested too deeply"},
		{"too deep for any reader", hostileEvent(deep(100_000)), "no known form"},
		{"never closed", hostileEvent(strings.Repeat("[", 1_000_000)), "no known form"},
		{"deep and out of order", hostileEvent(strings.Repeat(`{"b":`, 5000) + "1" + strings.Repeat(`,"a":1}`, 5000)), ""},
		{"many members", hostileEvent("{" + members.String() + `"z":1}`), ""},
		{"one name many times", hostileEvent("{" + strings.Repeat(`"a":1,`, 200_000) + `"a":1}`), `the name "a" more than once`},
		{"a name twice, deep down", hostileEvent(strings.Repeat("[", 5000) + `{"a":1,"\u0061":2}` + strings.Repeat("]", 5000)), `the name "a" more than once`},
		{"the largest number", hostileEvent("1.7976931348623157e308"), ""},
		{"a larger number", hostileEvent("[1.7976931348623159e308]"), "beyond the range"},
		{"a million digits", hostileEvent(strings.Repeat("9", 1_000_000)), "beyond the range"},
		{"a million decimals", hostileEvent("0." + strings.Repeat("9", 1_000_000)), ""},
		{"a huge exponent", hostileEvent("1e-" + strings.Repeat("9", 1_000)), ""},
		{"a long text", hostileEvent(`"` + strings.Repeat("x", 1_000_000) + `"`), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			answer, err := newHandler(t, nil, &log).Invoke(invocationContext(t.Context()), []byte(tt.event))
			want := `{"recorded":1,"duplicate":0,"ignored":0,"rejected":0}`
			if tt.rejected != "" {
				want = `{"recorded":0,"duplicate":0,"ignored":0,"rejected":1}`
			}
			if err != nil || string(answer) != want {
				t.Fatalf("Invoke = %s, %v; want %s", answer, err, want)
			}
			line := logLines(t, log.String())[0]
			if tt.rejected != "" {
				var kept string
				if err := json.Unmarshal(line["payload"], &kept); err != nil || kept != tt.event || !strings.Contains(string(line["reason"]), quotedInside(tt.rejected)) {
					t.Errorf("kept %.100s because of %s, %v; want all of it because of %s", kept, line["reason"], err, tt.rejected)
				}
				return
			}
			var outcome struct{ Raw json.RawMessage }
			if err := json.Unmarshal(line["outcome"], &outcome); err != nil || string(outcome.Raw) != tt.event {
				t.Errorf("recorded %.100s, %v; want all of it", outcome.Raw, err)
			}
		})
	}
}

// quotedInside returns s as it stands inside a JSON string.
func quotedInside(s string) string { return strings.Trim(quoted([]byte(s)), `"`) }
