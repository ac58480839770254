package record_test

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vod-callback/recorder/internal/record"
)

// FuzzParseTarget checks that a target is one of the three, that keys stay below its prefix, and that no
// error repeats what might be a password.
func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{
		"log:", "log:x", "file:///d", "file:///a/../b", "file:///%2e%2e/x", "file://host/d", "file:///", "file:///d?x", "file:///d\x00",
		"oss://bucket", "oss://bucket/", "oss://bucket/p/q/?region=cn-hangzhou", "oss://bucket/a//b", "oss://bucket/../x", "oss://bucket/%2e%2e",
		"oss://bucket/a%2Fb", "oss://bucket?endpoint=https://h.example:8443", "oss://bucket?endpoint=http://u:p@h", "oss://bucket?endpoint=h",
		"oss://bucket?region=oss-cn-hangzhou", "oss://LTAI:PassW0rd@bucket", "oss://b", "oss://Bucket", "OSS://bucket", "oss:bucket", "oss://bucket/\xff", "oss://bucket/#x", "", ":", "ftp://x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := record.ParseTarget(s)
		if err != nil {
			if target != (record.Target{}) {
				t.Fatalf("error %v comes with %+v", err, target)
			}
			if u, e := url.Parse(s); e == nil && u.User != nil {
				if password, _ := u.User.Password(); len(password) > 8 && strings.Contains(err.Error(), password) {
					t.Fatalf("the error shows the password: %v", err)
				}
			}
			return
		}
		switch {
		case target.Log:
			if s != "log:" || target.Dir != "" || target.OSS != nil {
				t.Fatalf("%q: %+v", s, target)
			}
		case target.OSS == nil:
			if !filepath.IsAbs(target.Dir) || filepath.Clean(target.Dir) != target.Dir || target.Dir == "/" || strings.ContainsRune(target.Dir, 0) {
				t.Fatalf("%q: directory %q", s, target.Dir)
			}
		default:
			checkOSSTarget(t, *target.OSS)
		}
	})
}

func checkOSSTarget(t *testing.T, o record.OSSTarget) {
	t.Helper()
	key := "k"
	if o.Prefix != "" {
		key = o.Prefix + "/k"
	}
	if path.Clean(key) != key || strings.HasPrefix(key, "/") || strings.HasPrefix(key, "../") || strings.HasPrefix(key, `\`) || !utf8.ValidString(key) || len(o.Prefix) > 512 {
		t.Fatalf("prefix %q", o.Prefix)
	}
	if strings.ContainsAny(o.Bucket, "/.@:?") || strings.ContainsAny(o.Region, "/.@:?") || len(o.Bucket) < 3 {
		t.Fatalf("bucket %q, region %q", o.Bucket, o.Region)
	}
	if u, err := url.Parse(o.Endpoint); err != nil || u.User != nil || u.Path != "" || u.RawQuery != "" {
		t.Fatalf("endpoint %q: %v", o.Endpoint, err)
	}
}
