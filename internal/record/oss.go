package record

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // G501: OSS prescribes MD5 for Content-MD5
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// Credentials sign requests to OSS. SecurityToken is empty for a long-term access key.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// An Invocation holds the region and credentials of one invocation of the function. Its credentials are the newest;
// those of the environment are as old as the instance.
type Invocation struct {
	Region      string // of the function, such as cn-hangzhou
	Credentials Credentials
}

type invocationKey struct{}

// NewContext returns a context that carries inv to the recorder.
func NewContext(ctx context.Context, inv Invocation) context.Context {
	return context.WithValue(ctx, invocationKey{}, inv)
}

// An OSSRecorder keeps entries as objects of a bucket, with one request for each. Use NewOSS to create one.
type OSSRecorder struct {
	target OSSTarget
	getenv func(string) string
	http   *http.Client
	last   atomic.Pointer[ossClient]
}

// An ossClient is a bucket of the SDK and the Invocation that it was made from.
type ossClient struct {
	Invocation
	bucket *oss.Bucket
}

// NewOSS returns a recorder for target. If the context has no region or credentials, the recorder uses FC_REGION
// or ALIBABA_CLOUD_ACCESS_KEY_ID, …_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN of the environment. NewOSS does not
// connect to OSS.
func NewOSS(target OSSTarget, getenv func(string) string) *OSSRecorder {
	return &OSSRecorder{
		target: target,
		getenv: getenv,
		// The transport returns a redirect as an error. OSS redirects if the endpoint is of another region, and a
		// signed request must not follow it.
		http: &http.Client{Transport: transport{newTransport()}},
	}
}

// MaxInFlight is the maximum number of records to write concurrently. As many connections are kept open.
const MaxInFlight = 256

// newTransport returns a transport that keeps connections between invocations. An instance may be frozen between
// invocations, so the transport closes an idle connection well before OSS does.
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

// Record puts e if no object has its key (x-oss-forbid-overwrite). A retry is safe: if an earlier try has written
// e, the result is Duplicate.
func (r *OSSRecorder) Record(ctx context.Context, e Entry) (Result, error) {
	key := e.Key
	if r.target.Prefix != "" {
		key = r.target.Prefix + "/" + key
	}
	sum := md5.Sum(e.Body) //nolint:gosec // G401: OSS prescribes MD5, against damage in transit
	digest := base64.StdEncoding.EncodeToString(sum[:])
	bucket, err := r.Bucket(ctx)
	var result Result
	if err == nil {
		result, err = persist(ctx, func(ctx context.Context) (Result, error) {
			return put(ctx, bucket, key, e.Body, digest)
		})
	}
	if err != nil {
		return 0, fmt.Errorf("oss put %s/%s: %w", r.target.Bucket, key, err)
	}
	return result, nil
}

// Bucket returns the SDK's bucket for the region and credentials of the context's Invocation, or else of the
// environment. The error says which of them is missing. Bucket caches the last bucket, because they rarely change.
func (r *OSSRecorder) Bucket(ctx context.Context) (*oss.Bucket, error) {
	inv := r.invocation(ctx)
	if last := r.last.Load(); last != nil && last.Invocation == inv {
		return last.bucket, nil
	}
	if inv.Credentials.AccessKeyID == "" || inv.Credentials.AccessKeySecret == "" {
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

// invocation returns the Invocation of the context, completed from the environment.
func (r *OSSRecorder) invocation(ctx context.Context) Invocation {
	inv, _ := ctx.Value(invocationKey{}).(Invocation)
	if inv.Region == "" {
		inv.Region = r.getenv("FC_REGION")
	}
	if inv.Credentials.AccessKeyID == "" || inv.Credentials.AccessKeySecret == "" {
		inv.Credentials = Credentials{
			AccessKeyID:     r.getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
			AccessKeySecret: r.getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
			SecurityToken:   r.getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
		}
	}
	return inv
}

// endpoint returns the URL of region. Traffic to the internal endpoint is free, but only machines of the same
// region can reach it.
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

// put sends one request. OSS keeps the object only if its MD5 is digest, in Base64.
func put(ctx context.Context, bucket *oss.Bucket, key string, body []byte, digest string) (Result, error) {
	err := bucket.PutObject(key, bytes.NewReader(body), oss.WithContext(ctx),
		oss.ForbidOverWrite(true), oss.ContentMD5(digest), oss.ContentType("application/json"))
	answer, ok := errors.AsType[*AnswerError](err)
	switch {
	case err == nil:
		return Recorded, nil
	case ok && answer.Status == http.StatusConflict && answer.Code == "FileAlreadyExists":
		return Duplicate, nil
	}
	return 0, Describe(err)
}
