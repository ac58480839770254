package jsonx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/jsonx"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{`"plain"`, "plain"},
		{` "blanks around" `, "blanks around"},
		{`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, "\"\\/\b\f\n\r\té😀"},
		// What is no Unicode text stays as spelled.
		{"\"raw \xff byte\"", "\"raw \xff byte\""},
		{`"\ud800"`, `"\ud800"`},
		{`"a\udfffb"`, `"a\udfffb"`},
	} {
		if got := jsonx.Text([]byte(tt.in)); string(got) != tt.want {
			t.Errorf("Text(%s) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestStrictAndLenient(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in              string
		strict, lenient bool
	}{
		{`{}`, true, true},
		{` {"a" : [1, {"b": null}] } `, true, true},
		{`{"a":1,"a":2}`, false, true},
		{`{"x":{"a":1,"\u0061":2}}`, false, true},
		{"{\"a\":\"\xff\"}", false, true},
		{`{"a":"\udc00"}`, false, true},
		{`{"a":1e999}`, false, true},
		{`{"a":[[-1e999]]}`, false, true},
		{`{"a":1e-999}`, true, true},
		{`{"a":` + strings.Repeat("9", 310) + `}`, false, true},
		{`{"a":123456789012345678901234567890}`, true, true},
		{`{} {}`, false, false},
		{`{}x`, false, false},
		{`{"a":}`, false, false},
		{`{"a":1`, false, false},
		{`[]`, false, false},
		{`null`, false, false},
		{``, false, false},
		{strings.Repeat(`{"a":`, jsonx.MaxDepth) + "1" + strings.Repeat("}", jsonx.MaxDepth), true, true},
		{strings.Repeat(`{"a":`, jsonx.MaxDepth+1) + "1" + strings.Repeat("}", jsonx.MaxDepth+1), false, true},
		{strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), false, false},
	} {
		name := tt.in[:min(len(tt.in), 40)]
		if o, err := jsonx.Strict([]byte(tt.in)); (err == nil) != tt.strict || (err != nil && len(o) > 0) {
			t.Errorf("Strict(%s) = %v, %v; want success %v", name, o, err, tt.strict)
		}
		if o, err := jsonx.Lenient([]byte(tt.in)); (err == nil) != tt.lenient {
			t.Errorf("Lenient(%s) = %v, %v; want success %v", name, o, err, tt.lenient)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	o, err := jsonx.Lenient([]byte(`{"a":1,"b":"x","a":2}`))
	if err != nil {
		t.Fatal(err)
	}
	if v := o.Get("a"); string(v) != "1" {
		t.Errorf("Get(a) = %s; want the first", v)
	}
	if o.Has("A") || !o.Has("b") {
		t.Error("names must match exactly")
	}
	if v := o.Get("c"); v != nil {
		t.Errorf("Get(c) = %s; want none", v)
	}
	if o, err := jsonx.Lenient([]byte(`{"a":1,"b":[{}],"a":2}`), "b"); err != nil || len(o) != 1 || !o.Has("b") {
		t.Errorf("Lenient(…, b) = %v, %v; want b alone", o, err)
	}
	escaped, err := jsonx.Lenient([]byte(`{"\u0061":1,"b\"":2}`))
	if err != nil || !escaped.Has("a") || !escaped.Has(`b"`) || escaped.Has(`\u0061`) {
		t.Errorf("escaped names are not read, or %v", err)
	}
	if r := o.Repeated("b", "a"); r != "a" {
		t.Errorf("Repeated = %q, want a", r)
	}
	if r := o.Repeated("b", "c"); r != "" {
		t.Errorf("Repeated = %q, want none", r)
	}
}

func TestErrorsAreTold(t *testing.T) {
	t.Parallel()
	if _, err := jsonx.Strict([]byte(`{"a":1e999}`)); !errors.Is(err, jsonx.ErrNumber) {
		t.Errorf("error %v, want ErrNumber", err)
	}
	if _, err := jsonx.Strict([]byte(`{"a":` + strings.Repeat("[", jsonx.MaxDepth) + strings.Repeat("]", jsonx.MaxDepth) + `}`)); !errors.Is(err, jsonx.ErrDepth) {
		t.Errorf("error %v, want ErrDepth", err)
	}
	if _, err := jsonx.Strict([]byte(`{}{}`)); !errors.Is(err, jsonx.ErrTrailing) {
		t.Errorf("error %v, want ErrTrailing", err)
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want int // -1: an error
	}{{`[]`, 0}, {` [1, {"a":[2]}] `, 2}, {`[1,2,3]`, 3}, {`[1,2,3,4]`, -1}, {`[1,]`, -1}, {`[1] 2`, -1}, {`{}`, -1}} {
		got, err := jsonx.Elements([]byte(tt.in), 3)
		if (err != nil) != (tt.want < 0) || (err == nil && len(got) != tt.want) {
			t.Errorf("Elements(%s) = %s, %v; want %d", tt.in, got, err, tt.want)
		}
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	got, err := jsonx.Canonical([]byte(`{"b": {"d":-0,"c":[1.0]}, "a":"\u00e9\/", "c": 1E3}`))
	if want := `{"a":"é/","b":{"c":[1],"d":0},"c":1000}`; err != nil || string(got) != want {
		t.Errorf("Canonical = %s, %v; want %s", got, err, want)
	}
	if got := jsonx.Compact([]byte(" { \"b\": 1.0,\n\"a\":\"\\u00e9 \" } ")); string(got) != `{"b":1.0,"a":"\u00e9 "}` {
		t.Errorf("Compact = %s", got)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{`"a"`, `"\ud800\udc00\ud800"`, "\"\xff\\u0000\"", `"\\\"\/"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Text is defined for JSON strings only, in the lenient sense.
		o, err := jsonx.Lenient([]byte(`{"s":` + string(data) + `}`))
		v := o.Get("s")
		if err != nil || len(o) != 1 || v.Kind() != '"' {
			t.Skip()
		}
		text := jsonx.Text(v)
		if _, err := jsonx.Strict([]byte(`{"s":` + string(data) + `}`)); err != nil {
			if !bytes.Equal(text, v) {
				t.Fatalf("Text(%s) = %q, want it as spelled", v, text)
			}
			return
		}
		var want string
		if err := json.Unmarshal(v, &want); err != nil || want != string(text) {
			t.Fatalf("Text(%s) = %q, encoding/json says %q, %v", data, text, want, err)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"{\"a\":\"\\\\\",\n\"b\":\"\\\\\"}", `{"b":1,"a":[1e3,-0,"\u00e9"]}`, `{"a":{"z":null,"y":0.1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := jsonx.Strict(data)
		if err != nil {
			if len(o) > 0 {
				t.Fatalf("error %v comes with %v", err, o)
			}
			t.Skip()
		}
		once, err := jsonx.Canonical(data)
		if err != nil {
			t.Fatalf("Canonical refuses what Strict takes: %v", err)
		}
		twice, err := jsonx.Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("Canonical is not stable: %s, %s, %v", once, twice, err)
		}
		compact, err := jsonx.Canonical(jsonx.Compact(data))
		if err != nil || !bytes.Equal(once, compact) {
			t.Fatalf("Compact changes the meaning: %s, %s, %v", once, compact, err)
		}
	})
}
