package osstest

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Page sizes of ListObjectsV2, https://www.alibabacloud.com/help/en/oss/developer-reference/listobjectsv2.
const (
	defaultPage = 100
	maxPage     = 1000
)

// handleBucket answers ListObjectsV2, the only supported request about buckets.
func (s *Server) handleBucket(r *http.Request, t target) (answer, error) {
	query := r.URL.Query()
	if r.Method != http.MethodGet || query.Get("list-type") != "2" {
		return answer{}, notImplemented("bucket requests other than ListObjectsV2")
	}
	q, err := parseListing(query)
	if err != nil {
		return answer{}, err
	}
	p, err := s.store.page(t.bucket, q)
	if err != nil {
		return answer{}, err
	}
	return xmlAnswer(http.StatusOK, listResult(t.bucket, query, q, p))
}

// A listing is what a page should have: up to max keys and groups from a key on.
type listing struct {
	prefix, delimiter string
	from              string // the smallest key to list
	max               int    // negative is no limit
}

// parseListing reads the parameters. It refuses unsupported parameters instead of ignoring them, because a listing
// without its filter looks correct.
func parseListing(query url.Values) (listing, error) {
	q := listing{prefix: query.Get("prefix"), delimiter: query.Get("delimiter"), max: defaultPage}
	for name, values := range query {
		value := values[0]
		switch name {
		case "list-type", "prefix", "delimiter":
		case "start-after": // below, as continuation-token goes before
		case "continuation-token":
			from, err := base64.RawURLEncoding.DecodeString(value)
			if err != nil || value == "" {
				return listing{}, invalidArgument("The continuation-token is not one of a previous listing.", "")
			}
			q.from = string(from)
		case "max-keys":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxPage {
				return listing{}, invalidArgument("max-keys must be a number from 1 to 1000.", "")
			}
			q.max = n
		case "encoding-type":
			if value != "url" {
				return listing{}, invalidArgument("encoding-type must be url.", "")
			}
		default:
			return listing{}, notImplemented("list parameter " + name)
		}
	}
	if after := query.Get("start-after"); after != "" && q.from == "" {
		q.from = next(after)
	}
	return q, nil
}

// A page is one answer's worth of a listing. If there are more, the next page begins at next.
type page struct {
	objects  []entry
	prefixes []string
	more     bool
	next     string
}

type entry struct {
	key string
	object
}

// page lists by seeking, so that its cost depends on what it returns only: the keys of a group are
// jumped over.
func (st *store) page(name string, q listing) (page, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	b, err := st.find(name)
	if err != nil {
		return page{}, err
	}
	var p page
	keys := b.inOrder()
	i, _ := slices.BinarySearch(keys, max(q.from, q.prefix))
	for ; i < len(keys) && strings.HasPrefix(keys[i], q.prefix); i++ {
		if len(p.objects)+len(p.prefixes) == q.max {
			p.more, p.next = true, keys[i]
			break
		}
		if group, ok := q.group(keys[i]); ok {
			p.prefixes = append(p.prefixes, group)
			i, _ = slices.BinarySearch(keys, nextGroup(group))
			i--
		} else {
			p.objects = append(p.objects, entry{keys[i], b.objects[keys[i]]})
		}
	}
	return p, nil
}

// group returns the common prefix that stands for key in the listing, if one does.
func (q listing) group(key string) (string, bool) {
	if q.delimiter == "" {
		return "", false
	}
	before, _, ok := strings.Cut(key[len(q.prefix):], q.delimiter)
	return q.prefix + before + q.delimiter, ok
}

// next is the smallest string above key.
func next(key string) string { return key + "\x00" }

// nextGroup is the smallest string above all that begin with prefix. Its last byte can be increased:
// it belongs to a key, which is UTF-8 and has no byte 0xFF.
func nextGroup(prefix string) string {
	last := len(prefix) - 1
	return prefix[:last] + string([]byte{prefix[last] + 1})
}

type listDocument struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	MaxKeys               int
	Delimiter             string
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []contents
	CommonPrefixes        []commonPrefix
	KeyCount              int
}

type contents struct {
	Key          string
	LastModified string
	ETag         string
	Type         string
	Size         int
	StorageClass string
}

type commonPrefix struct{ Prefix string }

// listResult makes the XML of a page. With encoding-type=url all that comes from keys is encoded, as
// XML cannot hold every key.
func listResult(bucket string, query url.Values, q listing, p page) listDocument {
	escape := func(s string) string { return s }
	if query.Get("encoding-type") == "url" {
		escape = func(s string) string { return encode(s, "") }
	}
	d := listDocument{
		Name: bucket, Prefix: escape(q.prefix), Delimiter: escape(q.delimiter), StartAfter: escape(query.Get("start-after")),
		ContinuationToken: query.Get("continuation-token"), EncodingType: query.Get("encoding-type"),
		MaxKeys: q.max, IsTruncated: p.more, KeyCount: len(p.objects) + len(p.prefixes),
	}
	if p.more {
		d.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(p.next))
	}
	for _, o := range p.objects {
		d.Contents = append(d.Contents, contents{
			Key: escape(o.key), LastModified: isoTime(o.modified), ETag: o.etag(),
			Type: "Normal", Size: len(o.body), StorageClass: "Standard",
		})
	}
	for _, prefix := range p.prefixes {
		d.CommonPrefixes = append(d.CommonPrefixes, commonPrefix{escape(prefix)})
	}
	return d
}
