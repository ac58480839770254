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

// maxPrefix is the longest prefix in bytes. It leaves room for the rest of a key below OSS's 1,023.
const maxPrefix = 512

// A Target says where to keep entries: one of its parts is set.
type Target struct {
	Log bool
	Dir string // absolute
	OSS *OSSTarget
}

// An OSSTarget is a place in a bucket.
type OSSTarget struct {
	Bucket   string
	Prefix   string // without slashes at its ends; may be empty
	Endpoint string // an http or https URL; "" is the region's own
	Region   string // such as cn-hangzhou; "" is the function's own
}

// ParseTarget reads a target in the form of TargetForm. Its errors name what is wrong and never repeat
// the text, which might hold credentials.
func ParseTarget(s string) (Target, error) {
	if s == "log:" {
		return Target{Log: true}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return Target{}, errors.New("it is no URL")
	}
	scheme, _, _ := strings.Cut(s, ":") // u.Scheme is in lower case
	switch {
	case u.User != nil:
		return Target{}, errors.New("credentials do not belong in a URL")
	case strings.Contains(s, "#"):
		return Target{}, errors.New("it has a fragment")
	case u.Scheme == "":
		return Target{}, errors.New("it has no scheme")
	case scheme == "oss" && u.Opaque == "":
		return parseOSS(u)
	case scheme == "file" && u.Opaque == "":
		return parseFile(s, u)
	case scheme == "log":
		return Target{}, errors.New("log: takes nothing after the colon")
	default:
		return Target{}, fmt.Errorf("unknown scheme %q", scheme)
	}
}

func parseFile(s string, u *url.URL) (Target, error) {
	switch {
	case u.Host != "" || !strings.HasPrefix(s, "file:///"):
		return Target{}, errors.New("file: takes an absolute path after three slashes")
	case strings.Contains(s, "?"):
		return Target{}, errors.New("file: takes no query")
	case path.Clean(u.Path) == "/": // also where it only says so, with dots
		return Target{}, errors.New("the directory is missing")
	case strings.ContainsRune(u.Path, 0):
		return Target{}, errors.New("the directory holds a NUL")
	}
	return Target{Dir: filepath.Clean(filepath.FromSlash(u.Path))}, nil
}

func parseOSS(u *url.URL) (Target, error) {
	t := &OSSTarget{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if !IsBucketName(t.Bucket) {
		return Target{}, errors.New("a bucket's name is 3 to 63 lower-case letters, digits and inner hyphens")
	}
	if err := checkPrefix(t.Prefix); err != nil {
		return Target{}, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Target{}, errors.New("its query cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) { // so that the error is the same every time
		value := query.Get(name)
		switch {
		case len(query[name]) != 1:
			return Target{}, fmt.Errorf("the query key %q is given more than once", name)
		case name == "region" && IsRegionID(value):
			t.Region = value
		case name == "region":
			return Target{}, errors.New("region is a plain region ID such as cn-hangzhou, without oss- before it")
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
		return fmt.Errorf("the prefix has %d bytes; %d are allowed", len(prefix), maxPrefix)
	case !utf8.ValidString(prefix):
		return errors.New("the prefix is not UTF-8")
	case strings.ContainsFunc(prefix, unicode.IsControl):
		return errors.New("the prefix has a control character")
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
		return "", errors.New("endpoint is an http or https URL such as https://oss-cn-hangzhou.aliyuncs.com")
	case u.User != nil:
		return "", errors.New("credentials do not belong in a URL")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("endpoint takes a scheme and a host, nothing after them")
	}
	return u.Scheme + "://" + u.Host, nil
}

// IsBucketName reports whether s can name a bucket: 3 to 63 lower-case letters, digits and inner hyphens.
// Source: OSS, "Bucket naming conventions".
func IsBucketName(s string) bool { return 3 <= len(s) && len(s) <= 63 && isLowerName(s) }

// IsRegionID reports whether s has the form of a region ID such as cn-hangzhou, without oss- before it.
func IsRegionID(s string) bool {
	return isLowerName(s) && strings.Contains(s, "-") && !strings.HasPrefix(s, "oss-")
}

// isLowerName reports whether s is lower-case letters, digits and inner hyphens.
func isLowerName(s string) bool {
	return s != "" && strings.Trim(s, "-") == s && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
