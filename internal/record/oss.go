package record

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// Credentials sign requests to OSS. SecurityToken is empty for a long-lived access key.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// usable says whether c can sign.
func (c Credentials) usable() bool { return c.AccessKeyID != "" && c.AccessKeySecret != "" }

// An Invocation is what one invocation of the function brings along for the recorder: its credentials
// are the newest there are, while those of the environment are as old as the instance.
type Invocation struct {
	Region      string // of the function, such as cn-hangzhou
	Credentials Credentials
}

// NewContext returns a context that carries inv to the recorder.
func NewContext(ctx context.Context, inv Invocation) context.Context {
	return &invocationContext{ctx, inv}
}

// An invocationContext is what context.WithValue would make, in one piece instead of two.
type invocationContext struct {
	context.Context
	invocation Invocation
}

type invocationKey struct{}

// String says nothing of the credentials, whoever prints a context.
func (c *invocationContext) String() string { return "record.NewContext" }

// Value returns the invocation, or what the context round it carries.
func (c *invocationContext) Value(key any) any {
	if key == (invocationKey{}) {
		return &c.invocation
	}
	return c.Context.Value(key)
}

// An OSSRecorder keeps entries as objects of a bucket, one request each. NewOSS makes one.
type OSSRecorder struct {
	target OSSTarget
	getenv func(string) string
	http   *http.Client
	last   atomic.Pointer[ossClient]
}

// An ossClient is a bucket of the SDK with the facts that it was made from.
type ossClient struct {
	Invocation
	bucket *oss.Bucket
}

// NewOSS returns a recorder for target. What an invocation's context does not bring it takes from the
// environment: FC_REGION and ALIBABA_CLOUD_ACCESS_KEY_ID, …_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN. It
// connects to nothing before the first record.
func NewOSS(target OSSTarget, getenv func(string) string) *OSSRecorder {
	return &OSSRecorder{
		target: target,
		getenv: getenv,
		http: &http.Client{
			Transport: statusTransport{newTransport()},
			// OSS redirects where the endpoint is another region's; a signed request must not follow.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// MaxInFlight is how many records are worth writing side by side: as many connections are kept.
const MaxInFlight = 256

// newTransport keeps connections between invocations. An instance may be frozen in between, so a
// connection is dropped well before OSS would drop it.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout: 3 * time.Second,
		MaxIdleConns:        MaxInFlight,
		MaxIdleConnsPerHost: MaxInFlight,
		IdleConnTimeout:     30 * time.Second,
		DisableCompression:  true,
	}
}

// Record puts e where no object has its key yet (x-oss-forbid-overwrite). Trying again is safe: what an
// earlier try wrote is then a Duplicate.
func (r *OSSRecorder) Record(ctx context.Context, e Entry) (Result, error) {
	key := e.Key
	if r.target.Prefix != "" {
		key = r.target.Prefix + "/" + key
	}
	op := "oss put " + r.target.Bucket + "/" + key
	bucket, err := r.Bucket(ctx)
	if err != nil {
		return 0, &Error{Op: op, Err: err}
	}
	result, err := persist(ctx, func(ctx context.Context) (Result, error) {
		return put(ctx, bucket, key, e.Body)
	})
	if err != nil {
		return 0, &Error{Op: op, Err: err}
	}
	return result, nil
}

// Bucket returns the SDK's bucket for the region and credentials of the context's Invocation, or of the
// environment; the error says which of them is missing. They change seldom, so the last one made
// usually fits.
func (r *OSSRecorder) Bucket(ctx context.Context) (*oss.Bucket, error) {
	inv := r.invocation(ctx)
	if last := r.last.Load(); last != nil && last.Invocation == inv {
		return last.bucket, nil
	}
	if !inv.Credentials.usable() {
		return nil, errors.New("no credentials: give the function a role, or set " +
			"ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	}
	region := cmp.Or(r.target.Region, inv.Region)
	if region == "" {
		return nil, errors.New("no region: add ?region=ID to the oss:// URL, or set FC_REGION")
	}
	client, err := oss.New(r.endpoint(region, inv.Region), inv.Credentials.AccessKeyID, inv.Credentials.AccessKeySecret,
		oss.SecurityToken(inv.Credentials.SecurityToken),
		oss.AuthVersion(oss.AuthV4), oss.Region(region), oss.HTTPClient(r.http))
	if err != nil {
		return nil, fmt.Errorf("oss client: %w", err)
	}
	bucket, err := client.Bucket(r.target.Bucket)
	if err != nil {
		return nil, fmt.Errorf("oss client: %w", err)
	}
	r.last.Store(&ossClient{inv, bucket})
	return bucket, nil
}

// invocation returns what the context brings, completed from the environment.
func (r *OSSRecorder) invocation(ctx context.Context) Invocation {
	var inv Invocation
	if carried, ok := ctx.Value(invocationKey{}).(*Invocation); ok {
		inv = *carried
	}
	if inv.Region == "" {
		inv.Region = r.getenv("FC_REGION")
	}
	if !inv.Credentials.usable() {
		inv.Credentials = Credentials{
			AccessKeyID:     r.getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
			AccessKeySecret: r.getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
			SecurityToken:   r.getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
		}
	}
	return inv
}

// endpoint returns the URL of region. The internal one costs no traffic, but only the region's own
// machines reach it.
func (r *OSSRecorder) endpoint(region, own string) string {
	switch {
	case r.target.Endpoint != "":
		return r.target.Endpoint
	case region == own:
		return "https://oss-" + region + "-internal.aliyuncs.com"
	default:
		return "https://oss-" + region + ".aliyuncs.com"
	}
}

// put tries once. An error that trying again may mend is a passingError.
func put(ctx context.Context, bucket *oss.Bucket, key string, body []byte) (Result, error) {
	var status int
	err := bucket.PutObject(key, bytes.NewReader(body),
		oss.WithContext(context.WithValue(ctx, statusKey{}, &status)),
		oss.ForbidOverWrite(true), oss.ContentType("application/json"))
	if err == nil {
		return Recorded, nil
	}
	service, _ := errors.AsType[oss.ServiceError](err)
	if service.StatusCode == http.StatusConflict && service.Code == "FileAlreadyExists" {
		return Duplicate, nil
	}
	if IsPassing(err, status) {
		return 0, passingError{DescribeOSS(err)}
	}
	return 0, DescribeOSS(err)
}

// A passingError is one that a later try may not meet.
type passingError struct{ error }

func (e passingError) Unwrap() error { return e.error }

// IsPassing tells what time can mend from what needs a person: 5xx, too many requests, time-outs and
// broken connections, but not a refusal. err is the SDK's; status is that of the answer, or 0 where none
// came or only err knows.
func IsPassing(err error, status int) bool {
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return false
	}
	service, _ := errors.AsType[oss.ServiceError](err)
	status = cmp.Or(status, service.StatusCode)
	switch {
	case status == 0, status >= 500, status == http.StatusTooManyRequests, service.Code == "RequestTimeout":
		return true
	default: // the answer broke off, so what it was going to say is unknown
		_, isNet := errors.AsType[net.Error](err)
		return isNet || errors.Is(err, io.ErrUnexpectedEOF)
	}
}

// DescribeOSS returns what is worth telling of an error of the SDK and cannot hold a secret: OSS repeats
// access key IDs and signatures in its messages, and net/http puts the URL before its own.
func DescribeOSS(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	e, ok := errors.AsType[oss.ServiceError](err)
	if !ok {
		return err
	}
	text := fmt.Sprintf("%d %s", e.StatusCode, cmp.Or(only(letters, e.Code), http.StatusText(e.StatusCode)))
	if ec := only(digits+"-", e.Ec); ec != "" {
		text += ", EC " + ec
	}
	if id := only(digits+"ABCDEF", e.RequestID); id != "" {
		text += ", OSS request " + id
	}
	return errors.New(text)
}

const (
	digits  = "0123456789"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// only returns s if it is what OSS would say in its place, short and made of nothing but chars. What
// answers need not be OSS, and could say back what it was told.
func only(chars, s string) string {
	if len(s) > 64 || strings.Trim(s, chars) != "" {
		return ""
	}
	return s
}

type statusKey struct{}

// A statusTransport notes the status of an answer where the context asks for it: the SDK hides it when
// the answer is no XML, as a proxy's 502 is none.
type statusTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t statusTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if status, ok := req.Context().Value(statusKey{}).(*int); ok && err == nil {
		*status = resp.StatusCode
	}
	return resp, err
}
