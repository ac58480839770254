package record

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// An AnswerError is an answer of the storage that is not a success of OSS. Its texts are limited to the forms that
// OSS uses, because a server that is not OSS could repeat the secrets of the request.
type AnswerError struct {
	Status    int    // the HTTP status
	Code      string // such as AccessDenied, or ""
	EC        string // the detailed error code, such as 0003-00000001, or ""
	RequestID string // of OSS, or ""
}

// Error implements error, on one line.
func (e *AnswerError) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, cmp.Or(e.Code, http.StatusText(e.Status)))
	if e.Status/100 == 2 {
		text += ", which is not an answer of OSS: check the endpoint"
	}
	if e.EC != "" {
		text += ", EC " + e.EC
	}
	if e.RequestID != "" {
		text += ", OSS request " + e.RequestID
	}
	return text
}

// IsPassing reports whether a retry may fix err, an error of a request to OSS. It may fix a broken connection,
// 5xx, too many requests, a timeout, a body that was damaged in transit, and an answer that is not from OSS. It
// cannot fix a refusal or an untrusted certificate.
func IsPassing(err error) bool {
	answer, ok := errors.AsType[*AnswerError](err)
	if !ok {
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
		return !untrusted
	}
	switch answer.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusBadRequest:
		return answer.Code == "RequestTimeout" || answer.Code == "InvalidDigest"
	}
	return answer.Status >= 500 || answer.Status < 300
}

// Describe returns err without the URL that net/http puts in front of it.
func Describe(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// maxAnswer is the maximum number of bytes that are read of an answer to a PUT and of an error.
const maxAnswer = 64 << 10

// A transport turns every answer that is not a success of OSS into an *AnswerError. The SDK accepts any 2xx as
// success, reads answers without a limit, and hides the status of an answer that is not XML.
type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	success := resp.StatusCode == http.StatusOK && resp.Header.Get("x-oss-request-id") != ""
	if success && req.Method != http.MethodPut {
		return resp, nil
	}
	defer resp.Body.Close() //nolint:errcheck // the body was only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err // an incomplete answer
	}
	kept := cmp.Or(resp.Header.Get("Content-Md5"), req.Header.Get("Content-Md5"))
	answer := newAnswerError(resp, body)
	if success && answer.Code == "" && kept == req.Header.Get("Content-Md5") {
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return resp, nil
	}
	return nil, answer
}

// newAnswerError reads the XML error of OSS. For any other body it uses only the status.
func newAnswerError(resp *http.Response, body []byte) *AnswerError {
	var said struct {
		Code, RequestId string
		EC              string
	}
	_ = xml.Unmarshal(body, &said)
	return &AnswerError{
		Status:    resp.StatusCode,
		Code:      only(letters, said.Code),
		EC:        only(digits+"-", cmp.Or(said.EC, resp.Header.Get("x-oss-ec"))),
		RequestID: only(digits+"ABCDEF", cmp.Or(said.RequestId, resp.Header.Get("x-oss-request-id"))),
	}
}

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// only returns s if it is short and contains only chars, or else "".
func only(chars, s string) string {
	if len(s) > 64 || strings.Trim(s, chars) != "" {
		return ""
	}
	return s
}
