package jsonx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{`"plain"`, "plain"},
		{` "blanks around" `, "blanks around"},
		{`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, "\"\\/\b\f\n\r\té😀"},
		{"\"raw \xff byte\"", "raw \xff byte"},
		{"\"\xff\\n\\\"\\u00e9\\ud83d\\ude00\"", "\xff\n\"é😀"},
		{`"\ud800"`, "\xed\xa0\x80"},
		{`"a\udfffb"`, "a\xed\xbf\xbfb"},
		{`"\ud800\u0041"`, "\xed\xa0\x80A"},
		{`"\ud800\ud83d\ude00"`, "\xed\xa0\x80😀"},
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
		if o, err := jsonx.Strict([]byte(tt.in)); (err == nil) != tt.strict || (err != nil && o.Len() > 0) {
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
	if v, ok := o.Get("a"); !ok || string(v) != "1" {
		t.Errorf("Get(a) = %s, %v; want the first", v, ok)
	}
	if o.Has("A") || !o.Has("b") {
		t.Error("names must match exactly")
	}
	if m, ok := o.Member("c"); ok || m.Name() != "" || m.Value() != nil || m.NameFold("c") {
		t.Errorf("Member(c) = %q: %s, %v; want none", m.Name(), m.Value(), ok)
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

// A text may hold any character but speak to nobody: what a terminal could obey is an escape.
func TestAppendText(t *testing.T) {
	t.Parallel()
	for c := range rune(0x2100) {
		text := "a" + string(c) + "b"
		line := jsonx.AppendText(nil, text)
		var said string
		if err := json.Unmarshal(line, &said); err != nil || said != strings.ToValidUTF8(text, "\ufffd") {
			t.Errorf("AppendText(%q) = %s, which says %q, %v", text, line, said, err)
		}
		obeyed := unicode.In(c, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
		if bytes.ContainsRune(line, c) == obeyed && c != '"' && c != '\\' {
			t.Errorf("AppendText(%q) = %q", text, line)
		}
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

func TestCanonical(t *testing.T) {
	t.Parallel()
	got, err := jsonx.AppendCanonical(nil, []byte(`{"b": 1.0, "a":"\u00e9\/", "c": 1E3}`))
	if want := `{"a":"é/","b":1,"c":1000}`; err != nil || string(got) != want {
		t.Errorf("AppendCanonical = %s, %v; want %s", got, err, want)
	}
	got, err = jsonx.AppendCanonical([]byte("before "), []byte(`{"b":{"d":-0,"c":[1.0]},"a":"\/"}`))
	if want := `before {"a":"/","b":{"c":[1],"d":0}}`; err != nil || string(got) != want {
		t.Errorf("AppendCanonical = %s, %v; want %s", got, err, want)
	}
	if got, err := jsonx.AppendCanonical([]byte("before "), []byte(`{"a":1,"a":2}`)); err == nil || got != nil {
		t.Errorf("AppendCanonical = %q, %v; want an error and nothing", got, err)
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
		v, _ := o.Get("s")
		if err != nil || o.Len() != 1 || v.Kind() != '"' {
			t.Skip()
		}
		text := jsonx.Text(v)
		_, strictErr := jsonx.Strict([]byte(`{"s":` + string(data) + `}`))
		if utf8.Valid(text) != (strictErr == nil) {
			t.Fatalf("Text(%s) = %q: well-formed %v, strict reading says %v", data, text, utf8.Valid(text), strictErr)
		}
		if strictErr != nil {
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
			if o.Len() > 0 {
				t.Fatalf("error %v comes with %v", err, o)
			}
			t.Skip()
		}
		once, err := jsonx.AppendCanonical(nil, data)
		if err != nil {
			t.Fatalf("AppendCanonical refuses what Strict takes: %v", err)
		}
		twice, err := jsonx.AppendCanonical(nil, once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("AppendCanonical is not stable: %s, %s, %v", once, twice, err)
		}
		compacted := jsontext.Value(data).Clone()
		if err := compacted.Compact(); err != nil || !bytes.Equal(jsonx.Compact(data), compacted) {
			t.Fatalf("Compact(%q) = %q, want %q, %v", data, jsonx.Compact(data), compacted, err)
		}
		compact, err := jsonx.AppendCanonical(nil, jsonx.Compact(data))
		if err != nil || !bytes.Equal(once, compact) {
			t.Fatalf("Compact changes the meaning: %s, %s, %v", once, compact, err)
		}
	})
}
