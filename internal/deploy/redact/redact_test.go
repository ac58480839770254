package redact

import (
	"bytes"
	"strings"
	"testing"
)

var variables = []string{"VOD_CALLBACK_KEYS", "AccessKeySecret"}

// TestCopy holds the filter to what Serverless Devs 3.1.10 and fc3 0.1.22 print.
func TestCopy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		values []string
		in     string
		want   string
	}{
		{
			"plan of a rotation", []string{"New1Key,Old0Key"},
			"environmentVariables: \n   VOD_CALLBACK_KEYS: Old0Key => New1Key,Old0Key\n   LOG_LEVEL: info => warn\n",
			"environmentVariables: \n   VOD_CALLBACK_KEYS: [redacted]\n   LOG_LEVEL: info => warn\n",
		},
		{
			"plan of an old key that is nowhere here any more", []string{"New1Key"},
			"   VOD_CALLBACK_KEYS: New1Key,Old0Key => New1Key\n",
			"   VOD_CALLBACK_KEYS: [redacted]\n",
		},
		{
			"plan in colors", nil,
			"\x1b[33m   \x1b[1m~\x1b[22m VOD_CALLBACK_KEYS: Old0Key => New1Key\x1b[39m\n",
			"\x1b[33m   \x1b[1m~\x1b[22m VOD_CALLBACK_KEYS: [redacted]\x1b[0m\n",
		},
		{
			"first key", nil,
			"   VOD_CALLBACK_KEYS: '' => New1Key\n", "   VOD_CALLBACK_KEYS: [redacted]\n",
		},
		{
			"result", nil,
			"    VOD_CALLBACK_KEYS: New1Key,Old0Key\n    url: \n      system_url: https://vod-callb-recorder-abc.cn-shanghai.fcapp.run\n",
			"    VOD_CALLBACK_KEYS: [redacted]\n    url: \n      system_url: https://vod-callb-recorder-abc.cn-shanghai.fcapp.run\n",
		},
		{
			"text that YAML folds", nil,
			"  VOD_CALLBACK_KEYS: >-\n    New1Key,\n    Old0Key\n\n  LOG_LEVEL: info\n",
			"  VOD_CALLBACK_KEYS: >-\n    [redacted]\n    [redacted]\n[redacted]\n  LOG_LEVEL: info\n",
		},
		{
			"JSON on one line", nil,
			`{"environmentVariables":{"VOD_CALLBACK_KEYS":"New1Key,Old0Key","LOG_LEVEL":"info"},"url":"https://x.fcapp.run"}` + "\n",
			`{"environmentVariables":{"VOD_CALLBACK_KEYS": "[redacted]","LOG_LEVEL":"info"},"url":"https://x.fcapp.run"}` + "\n",
		},
		{
			"JSON with an escaped quote", nil,
			`{"VOD_CALLBACK_KEYS": "New1\"Key", "LOG_LEVEL": "info"}` + "\n", `{"VOD_CALLBACK_KEYS": "[redacted]", "LOG_LEVEL": "info"}` + "\n",
		},
		{
			"JSON in JSON", nil,
			`{"props":"{\"VOD_CALLBACK_KEYS\":\"New1Key\",\"LOG_LEVEL\":\"info\"}"}` + "\n", `{"props":"{\"VOD_CALLBACK_KEYS\": \"[redacted]\",\"LOG_LEVEL\":\"info\"}"}` + "\n",
		},
		{
			"JSON twice on a line", nil,
			`{"VOD_CALLBACK_KEYS":"a"} {"VOD_CALLBACK_KEYS":"b"}` + "\n", `{"VOD_CALLBACK_KEYS": "[redacted]"} {"VOD_CALLBACK_KEYS": "[redacted]"}` + "\n",
		},
		{"JSON cut short", nil, `{"VOD_CALLBACK_KEYS":"New1Key`, `{"VOD_CALLBACK_KEYS": "[redacted]`},
		{"object of Node.js", nil, "  VOD_CALLBACK_KEYS: 'New1Key',\n", "  VOD_CALLBACK_KEYS: [redacted]\n"},
		{"assignment", nil, "export VOD_CALLBACK_KEYS=New1Key\n", "export VOD_CALLBACK_KEYS= [redacted]\n"},
		{"known value anywhere", []string{"New1Key", "Secret9Value"}, "error: New1Key and Secret9Value\n", "error: [redacted] and [redacted]\n"},
		{"a key that begins another", []string{"Key1,Key1Key2"}, "Key1Key2 Key1\n", "[redacted] [redacted]\n"},
		{"message about the variable", nil, "cannot deploy: VOD_CALLBACK_KEYS is not set: the function would refuse\n", "cannot deploy: VOD_CALLBACK_KEYS is not set: the function would refuse\n"},
		{
			"message with a value redacted at its source", nil,
			"cannot deploy: VOD_CALLBACK_KEYS=[redacted]: the list has no entry\n", "cannot deploy: VOD_CALLBACK_KEYS=[redacted]: the list has no entry\n",
		},
		{"another variable", nil, "VOD_CALLBACK_URLS: https://example.com/callback\n", "VOD_CALLBACK_URLS: https://example.com/callback\n"},
		{"access key", nil, "AccessKeySecret: abc\n", "AccessKeySecret: [redacted]\n"},
		{"no last newline", []string{"New1Key"}, "New1Key", "[redacted]"},
		{"carriage returns", []string{"New1Key"}, "New1Key\r\nx\r\n", "[redacted]\r\nx\r\n"},
		{"empty values", []string{"", " , ", "ab"}, "a b, ab\n", "a b, ab\n"},
		{"nothing", nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := New(variables, tt.values).Copy(&out, strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.want {
				t.Errorf("got  %q\nwant %q", &out, tt.want)
			}
		})
	}
}

// FuzzCopy puts a key into texts of every form: it never comes out, and no line is lost.
func FuzzCopy(f *testing.F) {
	const key = "Sample0Key"
	for _, seed := range []string{"VOD_CALLBACK_KEYS: KEY => KEY,x", `{"VOD_CALLBACK_KEYS":"KEY"}`, "a\nKEY\nb", `\"VOD_CALLBACK_KEYS\":\"KEY\"`, "VOD_CALLBACK_KEYS: >-\n  KEY"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := strings.ReplaceAll(text, "KEY", key)
		var out bytes.Buffer
		if err := New(variables, []string{key}).Copy(&out, strings.NewReader(in)); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), key) {
			t.Errorf("the key comes out of %q: %q", in, &out)
		}
		if strings.Count(out.String(), "\n") != strings.Count(in, "\n") {
			t.Errorf("%q has other lines than %q", &out, in)
		}
	})
}
