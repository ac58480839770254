package osstest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
)

// A failure is an error as OSS reports it. Status, code and EC ("error cause") are those of
// https://www.alibabacloud.com/help/en/oss/user-guide/overview-14 and the page of each EC beside it,
// the messages are those that the service sends. If no EC is published, there is none.
type failure struct {
	status            int
	code, message, ec string
	details           []element
}

// An element is a further XML element of an error, such as the Key that does not exist.
type element struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

var (
	errNoSuchBucket      = failure{status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist.", ec: "0015-00000101"}
	errNoSuchKey         = failure{status: 404, code: "NoSuchKey", message: "The specified key does not exist.", ec: "0026-00000001"}
	errInvalidObjectName = failure{status: 400, code: "InvalidObjectName", message: "The specified object is not valid.", ec: "0016-00000005"}
	errFileAlreadyExists = failure{status: 409, code: "FileAlreadyExists", message: "The object you specified already exists and can not be overwritten.", ec: "0026-00000002"}
	errForbidOverwrite   = invalidArgument("The x-oss-forbid-overwrite header must be true or false.", "0017-00000279")
	errInvalidDigest     = failure{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified was invalid.", ec: "0017-00000502"}
	errOtherDigest       = failure{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified did not match what we received.", ec: "0017-00000503"}
	errEntityTooLarge    = failure{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed size."}
)

// Error makes a failure an error. Its form is for test logs.
func (f failure) Error() string {
	return fmt.Sprintf("%d %s: %s", f.status, f.code, f.message)
}

// with returns f with one more element. It leaves the details of f itself alone.
func (f failure) with(name, value string) failure {
	f.details = append(f.details[:len(f.details):len(f.details)], element{xml.Name{Local: name}, value})
	return f
}

func invalidArgument(message, ec string) failure {
	return failure{status: 400, code: "InvalidArgument", message: message, ec: ec}
}

func notImplemented(what string) failure {
	return failure{status: 501, code: "NotImplemented", message: "osstest does not support this: " + what + "."}
}

// An answer is a whole response, not yet sent, so that a fault can still lose it or cut it.
type answer struct {
	status int
	code   string // of a failure, else ""
	header http.Header
	body   []byte
}

func newAnswer(status int, contentType string, body []byte) answer {
	a := answer{status: status, header: http.Header{}, body: body}
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	return a
}

func xmlAnswer(status int, document any) (answer, error) {
	body, err := xml.MarshalIndent(document, "", "  ")
	if err != nil {
		return answer{}, fmt.Errorf("osstest: %w", err)
	}
	return newAnswer(status, "application/xml", append([]byte(xml.Header), body...)), nil
}

// failureAnswer renders err as OSS does.
func failureAnswer(r *http.Request, err error, id string) answer {
	var f failure
	if !errors.As(err, &f) {
		f = failure{status: 500, code: "InternalError", message: err.Error()}
	}
	a, err := xmlAnswer(f.status, struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
		Details   []element
		EC        string `xml:",omitempty"`
	}{Code: f.code, Message: f.message, RequestID: id, HostID: r.Host, Details: f.details, EC: f.ec})
	if err != nil {
		a = newAnswer(f.status, "", nil) // never seen: the document is made of strings
	}
	a.code = f.code
	if f.ec != "" {
		a.header.Set("X-Oss-Ec", f.ec)
	}
	return a
}

// htmlAnswer returns the answer of a proxy between client and OSS, without XML and without headers of OSS.
func htmlAnswer(status int) answer {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	page := "<html>\r\n<head><title>" + title + "</title></head>\r\n<body><center><h1>" + title + "</h1></center></body>\r\n</html>\r\n"
	a := newAnswer(status, "text/html", []byte(page))
	a.header.Set("Server", "nginx")
	return a
}

// send writes the answer. It ignores errors, because the client may have disconnected.
func (a answer) send(w http.ResponseWriter) {
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	a.sendHeader(w)
	_, _ = w.Write(a.body)
}

func (a answer) sendHeader(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
}

// wire returns the answer as the bytes that send would put on the connection, all but the date.
func (a answer) wire(r *http.Request) ([]byte, error) {
	response := http.Response{
		StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
		Request: r,
	}
	var b bytes.Buffer
	if err := response.Write(&b); err != nil {
		return nil, fmt.Errorf("osstest: %w", err)
	}
	return b.Bytes(), nil
}
