package config_test

import (
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/config"
	"github.com/vod-callback/recorder/internal/record"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

var defaults = config.Config{
	RecordEvents: events.Selection{events.TypeProduceMediaComplete},
	RecordTo:     record.Target{Log: true}, RecordTimeout: 2 * time.Second, CallbackAuth: true,
	CallbackMax: 5 * time.Minute, LogLevel: slog.LevelInfo,
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	with := func(change func(*config.Config)) config.Config {
		c := defaults
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		want config.Config
	}{
		{"nothing", nil, defaults},
		{"empty and blank", map[string]string{"RECORD_TO": "", "RECORD_TIMEOUT": " \t", "VOD_CALLBACK_KEYS": " ", "LOG_LEVEL": "\n"}, defaults},
		{"trimmed", map[string]string{"LOG_LEVEL": " warn\n", "RECORD_TIMEOUT": " 500ms "}, with(func(c *config.Config) {
			c.LogLevel, c.RecordTimeout = slog.LevelWarn, 500*time.Millisecond
		})},
		{"keys", map[string]string{"VOD_CALLBACK_KEYS": " a ,,b,"}, with(func(c *config.Config) { c.CallbackKeys = []callback.Key{"a", "b"} })},
		{"urls", map[string]string{"VOD_CALLBACK_URLS": "https://a.example/x?y=1, http://b.example"}, with(func(c *config.Config) {
			c.CallbackURLs = []string{"https://a.example/x?y=1", "http://b.example"}
		})},
		{"off", map[string]string{"VOD_CALLBACK_AUTH": "off"}, with(func(c *config.Config) { c.CallbackAuth = false })},
		{"no age limit", map[string]string{"VOD_CALLBACK_MAX_AGE": "0"}, with(func(c *config.Config) { c.CallbackMax = 0 })},
		{"directory", map[string]string{"RECORD_TO": "file:///tmp/a%20b/"}, with(func(c *config.Config) { c.RecordTo = record.Target{Dir: "/tmp/a b"} })},
		{"bucket", map[string]string{"RECORD_TO": "oss://my-bucket/a/b/?region=cn-shanghai&endpoint=http://127.0.0.1:1"}, with(func(c *config.Config) {
			c.RecordTo = record.Target{OSS: &record.OSSTarget{Bucket: "my-bucket", Prefix: "a/b", Region: "cn-shanghai", Endpoint: "http://127.0.0.1:1"}}
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := config.FromEnv(lookup(tt.env)); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("FromEnv = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestFromEnvRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value string
		says        string // besides name, value and form
	}{
		{"RECORD_TO", "ftp://x", "unknown scheme"},
		{"RECORD_TO", "LOG:", `unknown scheme "LOG"`},
		{"RECORD_TO", "OSS://bucket", `unknown scheme "OSS"`},
		{"RECORD_TO", "log:x", "log: must have nothing"},
		{"RECORD_TO", "outcomes", "no scheme"},
		{"RECORD_TO", "oss://", "bucket"},
		{"RECORD_TO", "oss:bucket", "unknown scheme"},
		{"RECORD_TO", "oss://Bucket", "bucket"},
		{"RECORD_TO", "oss://ab", "bucket"},
		{"RECORD_TO", "oss://-ab-", "bucket"},
		{"RECORD_TO", "oss://bucket:80", "bucket"},
		{"RECORD_TO", "oss://bucket?foo=bar", `unknown query key "foo"`},
		{"RECORD_TO", "oss://bucket?region=a-1&region=a-2", "more than once"},
		{"RECORD_TO", "oss://bucket?region=oss-cn-hangzhou", "plain region ID"},
		{"RECORD_TO", "oss://bucket?region=", "plain region ID"},
		{"RECORD_TO", "oss://bucket?endpoint=oss-cn-hangzhou.aliyuncs.com", "endpoint"},
		{"RECORD_TO", "oss://bucket?endpoint=ftp://h", "endpoint"},
		{"RECORD_TO", "oss://bucket?endpoint=http://h/path", "endpoint"},
		{"RECORD_TO", "oss://bucket/a//b", "empty"},
		{"RECORD_TO", "oss://bucket/a/../b", ".."},
		{"RECORD_TO", "oss://bucket/a%0Ab", "control"},
		{"RECORD_TO", "oss://bucket/%ff", "UTF-8"},
		{"RECORD_TO", "oss://bucket/%5Ca", "backslash"},
		{"RECORD_TO", "oss://bucket/" + strings.Repeat("p", 513), "513 bytes"},
		{"RECORD_TO", "oss://bucket#x", "fragment"},
		{"RECORD_TO", "oss://bucket?%zz", "query"},
		{"RECORD_TO", "file://host/dir", "three slashes"},
		{"RECORD_TO", "file:/dir", "three slashes"},
		{"RECORD_TO", "file:dir", "unknown scheme"},
		{"RECORD_TO", "file:///", "directory is missing"},
		{"RECORD_TO", "file:///a?b=c", "must not have a query"},
		{"RECORD_TO", "file:///a%00b", "NUL"},
		{"RECORD_TIMEOUT", "2", ""},
		{"RECORD_TIMEOUT", "0s", ""},
		{"RECORD_TIMEOUT", "-1s", ""},
		{"VOD_CALLBACK_URLS", "/callback", ""},
		{"VOD_CALLBACK_URLS", "https://a.example/,ftp://b.example/", ""},
		{"VOD_CALLBACK_URLS", " , ", "no entry"},
		{"VOD_CALLBACK_URLS", "https://a.example/x https://b.example/y", "separated by commas"},
		{"VOD_CALLBACK_AUTH", "Required", ""},
		{"VOD_CALLBACK_AUTH", "none", ""},
		{"VOD_CALLBACK_MAX_AGE", "5", ""},
		{"VOD_CALLBACK_MAX_AGE", "-5m", ""},
		{"LOG_LEVEL", "INFO", ""},
		{"LOG_LEVEL", "trace", ""},
	} {
		t.Run(tt.name+"="+tt.value[:min(len(tt.value), 40)], func(t *testing.T) {
			t.Parallel()
			_, err := config.FromEnv(lookup(map[string]string{tt.name: tt.value}))
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			for _, part := range []string{tt.name, strings.TrimSpace(tt.value), "want ", tt.says} {
				if !strings.Contains(text, part) {
					t.Errorf("error %q does not say %q", text, part)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("error %q has more than one line", text)
			}
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"VOD_CALLBACK_KEYS": ",",
		"RECORD_TO":         "oss://id:S3cret@bucket",
		"VOD_CALLBACK_URLS": "https://user:S3cret@a.example/",
	} {
		checkHidden(t, name, value)
	}
	for _, value := range []string{
		"oss://id:S3cret%zz@bucket", "oss://bucket?endpoint=http://id:S3cret@h", "oss://bucket?endpoint=http%3A%2F%2Fid%3AS3cret%40h",
		"oss://bucket?accessKeySecret=S3cret", "oss://bucket?security-token=S3cret", "ftp://a:S3cret/x@b",
	} {
		checkHidden(t, "RECORD_TO", value)
	}
}

func checkHidden(t *testing.T, name, value string) {
	t.Helper()
	_, err := config.FromEnv(lookup(map[string]string{name: value}))
	if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "S3cret") {
		t.Errorf("%s=%s: error %v", name, value, err)
	}
}

func TestEachBadVariableHasItsLine(t *testing.T) {
	t.Parallel()
	_, err := config.FromEnv(lookup(map[string]string{"RECORD_TO": "x", "LOG_LEVEL": "y", "RECORD_TIMEOUT": "z", "VOD_CALLBACK_AUTH": "required"}))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "RECORD_TO=") || !strings.HasPrefix(lines[1], "RECORD_TIMEOUT=") || !strings.HasPrefix(lines[2], "LOG_LEVEL=") {
		t.Errorf("lines %q", lines)
	}
}

func TestVariablesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, v := range config.Variables() {
		if v.Name == "" || v.Form == "" {
			t.Errorf("%+v is not described", v)
		}
		if v.Default != "" {
			if got, err := config.FromEnv(lookup(map[string]string{v.Name: v.Default})); err != nil || !reflect.DeepEqual(got, defaults) {
				t.Errorf("%s: its default gives %+v, %v", v.Name, got, err)
			}
		}
	}
}

// TestReference compares the table of the reference with the variables.
func TestReference(t *testing.T) {
	t.Parallel()
	reference, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range config.Variables() {
		row := "| `" + v.Name + "` | "
		_, after, ok := strings.Cut(string(reference), row)
		line, _, _ := strings.Cut(after, "\n")
		if !ok || (v.Default != "" && !strings.Contains(line, "| `"+v.Default+"` |")) {
			t.Errorf("docs/reference.md has the row %[2]q for %[1]s, whose default is %[3]q", v.Name, line, v.Default)
		}
	}
}

func FuzzFromEnv(f *testing.F) {
	for _, v := range []string{"oss://bucket/p?region=cn-x&endpoint=https://h", "file:///d", "log:", "oss://a:b@c", "\x00"} {
		f.Add(v, "2s", "k", "https://a.example")
	}
	f.Fuzz(func(t *testing.T, to, timeout, keys, urls string) {
		c, err := config.FromEnv(lookup(map[string]string{"RECORD_TO": to, "RECORD_TIMEOUT": timeout, "VOD_CALLBACK_KEYS": keys, "VOD_CALLBACK_URLS": urls}))
		if err != nil {
			if !reflect.DeepEqual(c, config.Config{}) {
				t.Fatalf("error %v comes with %+v", err, c)
			}
			return
		}
		if c.RecordTimeout <= 0 {
			t.Fatalf("timeout %v", c.RecordTimeout)
		}
		for _, key := range c.CallbackKeys {
			if strings.TrimSpace(string(key)) == "" {
				t.Fatal("an empty key, which anyone can sign with")
			}
		}
		if o := c.RecordTo.OSS; o != nil && (len(o.Prefix) > 512 || strings.HasPrefix(o.Prefix, "/")) {
			t.Fatalf("prefix %q", o.Prefix)
		}
	})
}
