package jsonx

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/test/eventtest"
)

// The scanner is worth its keep only where it reads what senders and triggers really send.
func TestScannerReadsTheSamples(t *testing.T) {
	t.Parallel()
	for name, data := range eventtest.Samples(t) {
		_, object := scanObject(data, true)
		_, array := scanElements(data)
		if k := Kind(data); (k == '{' || k == '[') && !object && !array {
			t.Errorf("the scanner declines %s", name)
		}
	}
}

func TestScannerDeclines(t *testing.T) {
	t.Parallel()
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`"` + strconv.Itoa(i) + `":0,`)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	nested := func(n int) string { return strings.Repeat(`{"a":`, n) + "{}" + strings.Repeat("}", n) }
	for _, tt := range []struct {
		in              string
		strict, lenient bool // whether it is read
	}{
		{members(scanMembers), true, true},
		{members(scanMembers + 1), false, true},
		{members(scanSpans), false, true},
		{members(scanSpans + 1), false, false},
		{nested(scanDepth - 1), true, true},
		{nested(scanDepth), false, false},
		{`{"a":[{"b":1},{"b":2}],"c":null}`, true, true},
		{`{"a":{"b":1,"b":2}}`, false, true},
		{`{"a":[{"b":1,"b":2}]}`, false, true},
		{`{"é":1}`, false, true},
		{`{"\n":1}`, false, false},
		{"{\"a\":\"\xff\"}", false, true},
		{`{"a":"\u0041"}`, false, false},
		{`{"a":"\"\\\/\b\f\n\r\t"}`, true, true},
		{`{"a":-0,"b":-12}`, true, true},
		{`{"a":` + strings.Repeat("9", scanDigits-1) + `}`, true, true},
		{`{"a":` + strings.Repeat("9", scanDigits) + `}`, false, false},
		{`{"a":1.5}`, false, false},
		{`{"a":1e5}`, false, false},
	} {
		for _, strict := range []bool{true, false} {
			if _, ok := scanObject([]byte(tt.in), strict); ok != (strict && tt.strict || !strict && tt.lenient) {
				t.Errorf("scanObject(%.40s, %v) = %v", tt.in, strict, ok)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	before := bytes.Repeat([]byte{'x', 0x80, 0xff, ' ', '!', '#', '[', ']'}, 5)
	for n := range 40 {
		for c := range 256 {
			text := slices.Concat(before[:n], []byte{byte(c), '"', 0})
			want := n
			if c >= ' ' && c != '"' && c != '\\' {
				want++
			}
			if got := plain(text); got != want {
				t.Fatalf("plain(%q) = %d, want %d", text, got, want)
			}
		}
	}
}

// FuzzScan holds the scanner against jsontext: what it reads jsontext reads too, as the same.
func FuzzScan(f *testing.F) {
	eventtest.Seed(f)
	for _, s := range []string{
		`{"a":{"b":{},"c":[1,{"d":-0}]},"":"\"\\\/\b\f\n\r\t"}`, `{"a":1,"a":2}`, `{"a":[{"b":1,"b":2}]}`, `{"a":01}`, `{"a":-}`, `{"a":tru}`,
		`{"é":"é","x":"\ud800"}`, "{\"a\":\"\xff\"}", `[1,"a",{},[],null,true]`, `{"a":"b" "c":1}`, `{"z":9007199254740993,"B":-0,"a":"/\/"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, opts := range [][]jsontext.Options{nil, lenient} {
			got, ok := scanObject(data, opts == nil)
			if !ok {
				continue
			}
			want, err := readObject(data, opts...)
			if err != nil {
				t.Fatalf("the scanner reads %q; jsontext: %v", data, err)
			}
			sameObject(t, got, want)
			for m := range got.All() {
				sameInner(t, m, opts)
			}
		}
		canonicalAsJSONText(t, data)
		if elements, ok := scanElements(data); ok {
			want, err := readElements(data)
			if err != nil || !slices.EqualFunc(elements, want, func(a, b jsontext.Value) bool { return bytes.Equal(a, b) }) {
				t.Fatalf("the scanner reads %q as %q; jsontext as %q, %v", data, elements, want, err)
			}
		}
	})
}

func sameObject(t *testing.T, got, want Object) {
	t.Helper()
	g, w := slices.Collect(got.All()), slices.Collect(want.All())
	if !slices.EqualFunc(g, w, func(a, b Member) bool { return a.Name() == b.Name() && bytes.Equal(a.Value(), b.Value()) }) {
		t.Fatalf("the scanner reads %q as %d members, jsontext as %d, or they differ", got.data, len(g), len(w))
	}
}

// sameInner holds the members that the scanner read along with m against what is read of its value alone.
func sameInner(t *testing.T, m Member, opts []jsontext.Options) {
	t.Helper()
	if len(m.tape) == 1 {
		return
	}
	inner, ok := m.Object()
	want, err := readObject(m.Value(), opts...)
	if !ok || err != nil {
		t.Fatalf("%q is an object to the scanner (%v); jsontext: %v", m.Value(), ok, err)
	}
	sameObject(t, inner, want)
	for m := range inner.All() {
		sameInner(t, m, opts)
	}
}

// canonicalAsJSONText holds the canonical form against that of jsontext.
func canonicalAsJSONText(t *testing.T, data []byte) {
	t.Helper()
	_, err := Strict(data)
	if err != nil {
		return
	}
	want := jsontext.Value(data).Clone()
	if err := want.Canonicalize(); err != nil {
		t.Fatalf("%q is read strictly and has no canonical form: %v", data, err)
	}
	if got, err := AppendCanonical(nil, data); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("Canonical(%q) = %q, %v; jsontext says %q", data, got, err, want)
	}
}
