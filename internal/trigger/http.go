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
	Method     string // as sent; "" where the event has none
	DomainName string // the host that the caller asked for
	RawPath    string // URL-encoded
	// Repeated is the member that the event holds more than once, or "": a delivery that says two things.
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
		if string(m.Name) == "headers" { // of a repeated member, all headers count
			headers, _ := jsonx.Lenient(m.Value)
			r.headers = append(r.headers, headers...)
		}
	}
	return r
}

// Values returns all values of the header called name, which is matched without regard to case: what the
// event holds in two spellings has the values of both. A value that is not a string was never signed.
func (r *Request) Values(name string) []string {
	var values []string
	for _, h := range r.headers {
		if h.Value.Kind() == '"' && len(h.Name) == len(name) && strings.EqualFold(string(h.Name), name) {
			values = append(values, string(jsonx.Text(h.Value)))
		}
	}
	return values
}

// ErrBodyTooLarge is the error for a body of more bytes than were asked for.
var ErrBodyTooLarge = errors.New("the body is too large")

// spelling is how many bytes of a trigger event a byte of the body can take: six as an escape, a third
// more in Base64, and room for the line breaks that Base64 may have.
const spelling = 16

// Body returns the decoded body, or ErrBodyTooLarge where it has more than limit bytes. What is so large
// that no spelling explains it is not decoded to find that out, because anyone can send 32 MB. Where it
// cannot be decoded, Body returns the body as sent and an error.
func (r *Request) Body(limit int) (body []byte, err error) {
	if len(r.body) > limit*spelling {
		return nil, ErrBodyTooLarge
	}
	switch r.body.Kind() {
	case 'n', 0:
	case '"':
		body = jsonx.Text(r.body)
	default:
		body, err = r.body, errors.New("body: found something else than a string")
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

// URLs returns the callback URLs that the sender may have been configured with, judging by where the
// request arrived: both schemes, because FC ends TLS before the function, and a root path with and without
// its slash. FC does not pass the query on in the form that was signed.
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
