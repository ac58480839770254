package trigger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// A Request is the event of the FC 3.0 HTTP trigger, version v1.
// Source: https://www.alibabacloud.com/help/en/functioncompute/fc/use-an-http-trigger-to-invoke-a-function
type Request struct {
	Method     string // as sent; "" where the event has none
	DomainName string // the host that the caller asked for
	RawPath    string // URL-encoded
	// Repeated is the member that the event holds more than once, or "": a delivery that says two things.
	Repeated string

	headers  []jsonx.Object // as many as the event has members of that name
	body     jsontext.Value
	isBase64 bool
}

// isHTTP recognises an HTTP trigger event that is the payload itself. The topic form goes first, but
// nothing else that looks like HTTP is ever read without authentication.
func isHTTP(object jsonx.Object) bool {
	return !isTopic(object) && looksLikeHTTP(object)
}

func looksLikeHTTP(object jsonx.Object) bool {
	return object.Has("requestContext") || object.Has("headers")
}

func readRequest(object jsonx.Object) *Request {
	r := &Request{
		Repeated: object.Repeated("requestContext", "body", "isBase64Encoded", "rawPath"),
	}
	for m := range object.All() {
		if m.Name() == "headers" {
			r.addHeaders(m)
		}
	}
	r.RawPath = member(object, "rawPath")
	requestContext := child(object, "requestContext")
	r.DomainName = member(requestContext, "domainName")
	call := child(requestContext, "http")
	r.Method = methodOf(call)
	if r.Repeated == "" && (requestContext.Repeated("http", "domainName") != "" || call.Repeated("method") != "") {
		r.Repeated = "requestContext"
	}
	r.body, _ = object.Get("body")
	flag, _ := object.Get("isBase64Encoded")
	r.isBase64 = string(flag) == "true"
	return r
}

// methodOf returns the method, nearly always without a copy.
func methodOf(call jsonx.Object) string {
	if v, _ := call.Get("method"); string(v) == `"POST"` {
		return http.MethodPost
	}
	return member(call, "method")
}

// addHeaders takes names and values as they come.
func (r *Request) addHeaders(m jsonx.Member) {
	if headers, ok := m.Object(); ok {
		r.headers = append(r.headers, headers)
	}
}

// Values returns all values of the header called name, which is matched without regard to case: what the
// event holds in two spellings has the values of both. One that is no string is none that was signed.
func (r *Request) Values(name string) []string {
	var values []string
	for _, headers := range r.headers {
		for h := range headers.All() {
			if v := h.Value(); v.Kind() == '"' && h.NameFold(name) {
				values = append(values, string(jsonx.Text(v)))
			}
		}
	}
	return values
}

// ErrBodyTooLarge is the error for a body of more bytes than were asked for.
var ErrBodyTooLarge = errors.New("the body is too large")

// spelling is how many bytes of a trigger event a byte of the body can take: six as an escape, a third
// more in Base64, and room for the line breaks that Base64 may have.
const spelling = 16

// Body returns the decoded body, or ErrBodyTooLarge where it has more than limit bytes: what is so large
// that no spelling explains it is not decoded to find that out, since anyone can send 32 MB. Where it
// cannot be decoded, Body returns the body as sent and an error.
func (r *Request) Body(limit int) ([]byte, error) {
	if len(r.body) > limit*spelling {
		return nil, ErrBodyTooLarge
	}
	body, err := r.decodedBody()
	if len(body) > limit {
		return nil, ErrBodyTooLarge
	}
	return body, err
}

func (r *Request) decodedBody() ([]byte, error) {
	if len(r.body) == 0 || r.body.Kind() == 'n' {
		return nil, nil
	}
	if r.body.Kind() != '"' {
		return r.body, fmt.Errorf("body: found %s, want a string", jsonx.Describe(r.body))
	}
	text := jsonx.Text(r.body)
	if !r.isBase64 {
		return text, nil
	}
	decoded, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return text, fmt.Errorf("body: isBase64Encoded is true but the body is no Base64 (%w)", err)
	}
	return decoded, nil
}

// URLs returns the callback URLs that the sender may have been configured with, judging by where the
// request arrived: both schemes, since FC ends TLS before us, and a root path with and without its slash.
// The query is not among what FC passes on in the form that was signed.
func (r *Request) URLs() []string {
	if r.DomainName == "" {
		return nil
	}
	urls := []string{"https://" + r.DomainName + r.RawPath, "http://" + r.DomainName + r.RawPath}
	switch r.RawPath {
	case "":
		urls = append(urls, urls[0]+"/", urls[1]+"/")
	case "/":
		urls = append(urls, strings.TrimSuffix(urls[0], "/"), strings.TrimSuffix(urls[1], "/"))
	}
	return urls
}

// member returns a string member of object, or "".
func member(object jsonx.Object, name string) string {
	if v, ok := object.Get(name); ok && v.Kind() == '"' {
		return string(jsonx.Text(v))
	}
	return ""
}

// child returns an object member of object, or none.
func child(object jsonx.Object, name string) jsonx.Object {
	m, _ := object.Member(name)
	inner, _ := m.Object()
	return inner
}
