package record

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TargetForm is the accepted form of a target, for error messages and help texts.
const TargetForm = "log:, oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR"

// maxPrefix is the maximum length of a prefix in bytes. The rest of a key fits below OSS's limit of 1,023 bytes.
const maxPrefix = 512

// A Target says where to keep entries. Exactly one of its fields is set.
type Target struct {
	Log bool
	Dir string // absolute
	OSS *OSSTarget
}

// An OSSTarget is a bucket and a prefix in it.
type OSSTarget struct {
	Bucket   string
	Prefix   string // without slashes at both ends; may be empty
	Endpoint string // an http or https URL; "" means the region's endpoint
	Region   string // such as cn-hangzhou; "" means the function's region
}

// ParseTarget reads a target in the form of TargetForm. Its errors never repeat the text, because it may contain
// credentials.
func ParseTarget(s string) (Target, error) {
	if s == "log:" {
		return Target{Log: true}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return Target{}, errors.New("it is not a URL")
	}
	scheme, _, _ := strings.Cut(s, ":") // u.Scheme is in lower case
	switch {
	case u.User != nil:
		return Target{}, errors.New("the URL must not contain credentials")
	case strings.Contains(s, "#"):
		return Target{}, errors.New("it has a fragment")
	case u.Scheme == "":
		return Target{}, errors.New("it has no scheme")
	case scheme == "oss" && u.Opaque == "":
		return parseOSS(u)
	case scheme == "file" && u.Opaque == "":
		return parseFile(s, u)
	case scheme == "log":
		return Target{}, errors.New("log: must have nothing after the colon")
	default:
		return Target{}, fmt.Errorf("unknown scheme %q", scheme)
	}
}

func parseFile(s string, u *url.URL) (Target, error) {
	switch {
	case u.Host != "" || !strings.HasPrefix(s, "file:///"):
		return Target{}, errors.New("file: must have three slashes and an absolute path")
	case strings.Contains(s, "?"):
		return Target{}, errors.New("file: must not have a query")
	case path.Clean(u.Path) == "/": // also written with dots, as in /./
		return Target{}, errors.New("the directory is missing")
	case strings.ContainsRune(u.Path, 0):
		return Target{}, errors.New("the directory contains a NUL")
	}
	return Target{Dir: filepath.Clean(filepath.FromSlash(u.Path))}, nil
}

func parseOSS(u *url.URL) (Target, error) {
	t := &OSSTarget{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if !IsBucketName(t.Bucket) {
		return Target{}, errors.New("a bucket name must have 3 to 63 lower-case letters, digits and inner hyphens")
	}
	if err := checkPrefix(t.Prefix); err != nil {
		return Target{}, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Target{}, errors.New("its query is not valid")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) { // sorted, so that the error is always the same
		value := query.Get(name)
		switch {
		case len(query[name]) != 1:
			return Target{}, fmt.Errorf("the query key %q is given more than once", name)
		case name == "region" && IsRegionID(value):
			t.Region = value
		case name == "region":
			return Target{}, errors.New("region must be a plain region ID such as cn-hangzhou, without oss-")
		case name == "endpoint":
			if t.Endpoint, err = parseEndpoint(value); err != nil {
				return Target{}, err
			}
		default:
			return Target{}, fmt.Errorf("unknown query key %q", name)
		}
	}
	return Target{OSS: t}, nil
}

func checkPrefix(prefix string) error {
	switch {
	case len(prefix) > maxPrefix:
		return fmt.Errorf("the prefix has %d bytes; the maximum is %d", len(prefix), maxPrefix)
	case !utf8.ValidString(prefix):
		return errors.New("the prefix is not UTF-8")
	case strings.ContainsFunc(prefix, unicode.IsControl):
		return errors.New("the prefix contains a control character")
	case strings.HasPrefix(prefix, `\`):
		return errors.New(`a key in OSS cannot begin with a backslash`)
	case path.Clean("/"+prefix) != "/"+prefix:
		return errors.New(`the prefix has an empty, "." or ".." part`)
	}
	return nil
}

func parseEndpoint(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return "", errors.New("endpoint must be an http or https URL such as https://oss-cn-hangzhou.aliyuncs.com")
	case u.User != nil:
		return "", errors.New("the URL must not contain credentials")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("endpoint must have only a scheme and a host")
	}
	return u.Scheme + "://" + u.Host, nil
}

// IsBucketName reports whether s is a valid bucket name: 3 to 63 lower-case letters, digits and inner hyphens.
// Source: OSS, "Bucket naming conventions".
func IsBucketName(s string) bool { return 3 <= len(s) && len(s) <= 63 && isLowerName(s) }

// IsRegionID reports whether s has the form of a region ID such as cn-hangzhou, without oss-.
func IsRegionID(s string) bool {
	return isLowerName(s) && strings.Contains(s, "-") && !strings.HasPrefix(s, "oss-")
}

// isLowerName reports whether s consists of lower-case letters, digits and inner hyphens.
func isLowerName(s string) bool {
	return s != "" && strings.Trim(s, "-") == s && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
