package trigger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// A Request is the event of the FC 3.0 HTTP trigger, version v1.
// Source: https://www.alibabacloud.com/help/en/functioncompute/fc/use-an-http-trigger-to-invoke-a-function
type Request struct {
	Method     string // as sent; "" if the event has none
	DomainName string // the host of the request
	RawPath    string // URL-encoded
	// Repeated is the first member that the event contains more than once, or "".
	Repeated string

	headers  jsonx.Object
	body     jsontext.Value
	isBase64 bool
}

func looksLikeHTTP(envelope jsonx.Object) bool {
	return envelope.Has("requestContext") || envelope.Has("headers")
}

func readRequest(event jsonx.Object) *Request {
	requestContext, _ := jsonx.Lenient(event.Get("requestContext"), "domainName", "http")
	call, _ := jsonx.Lenient(requestContext.Get("http"), "method")
	r := &Request{
		Method:     text(call.Get("method")),
		DomainName: text(requestContext.Get("domainName")),
		RawPath:    text(event.Get("rawPath")),
		Repeated:   event.Repeated("requestContext", "body", "isBase64Encoded", "rawPath"),
		body:       event.Get("body"),
		isBase64:   string(event.Get("isBase64Encoded")) == "true",
	}
	if r.Repeated == "" && (requestContext.Repeated("http", "domainName") != "" || call.Repeated("method") != "") {
		r.Repeated = "requestContext"
	}
	for _, m := range event {
		if string(m.Name) == "headers" { // if the member is repeated, keep all headers
			headers, _ := jsonx.Lenient(m.Value)
			r.headers = append(r.headers, headers...)
		}
	}
	return r
}

// Values returns all values of the header called name. Case does not matter: a header in two spellings has the
// values of both. Values that are not strings are ignored.
func (r *Request) Values(name string) []string {
	var values []string
	for _, h := range r.headers {
		if h.Value.Kind() == '"' && len(h.Name) == len(name) && strings.EqualFold(string(h.Name), name) {
			values = append(values, string(jsonx.Text(h.Value)))
		}
	}
	return values
}

// ErrBodyTooLarge is the error for a body that is larger than the limit.
var ErrBodyTooLarge = errors.New("the body is too large")

// spelling is the maximum number of bytes in the trigger event for one byte of the body: six for an escape, a
// third more for Base64, and room for line breaks in Base64.
const spelling = 16

// Body returns the decoded body, or ErrBodyTooLarge if it has more than limit bytes. A body that is certainly too
// large is not decoded, because anybody can send 32 MB. If the body cannot be decoded, Body returns the body as
// sent and an error.
func (r *Request) Body(limit int) (body []byte, err error) {
	if len(r.body) > limit*spelling {
		return nil, ErrBodyTooLarge
	}
	switch r.body.Kind() {
	case 'n', 0:
	case '"':
		body = jsonx.Text(r.body)
	default:
		body, err = r.body, errors.New("body: found a value that is not a string")
	}
	if r.isBase64 && err == nil {
		decoded, e := base64.StdEncoding.AppendDecode(nil, body)
		if e != nil {
			err = fmt.Errorf("body: isBase64Encoded is true but the body is not Base64 (%w)", e)
		} else {
			body = decoded
		}
	}
	if len(body) > limit {
		return nil, ErrBodyTooLarge
	}
	return body, err
}

// URLs returns the callback URLs that the sender may have signed, derived from the host and path of the request.
// It returns both schemes, because FC terminates TLS, and a root path with and without its slash. It cannot derive
// a query string, because FC does not pass the query in the signed form.
func (r *Request) URLs() []string {
	if r.DomainName == "" {
		return nil
	}
	paths := []string{r.RawPath}
	if other, isRoot := map[string]string{"": "/", "/": ""}[r.RawPath]; isRoot {
		paths = append(paths, other)
	}
	var urls []string
	for _, path := range paths {
		urls = append(urls, "https://"+r.DomainName+path, "http://"+r.DomainName+path)
	}
	return urls
}
