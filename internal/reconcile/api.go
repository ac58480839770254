package reconcile

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/go-json-experiment/json"
	"golang.org/x/time/rate"

	"github.com/vod-callback/recorder/events"
)

const (
	// requestsPerSecond is far below every published limit: 30 a second for submitting IMS jobs, 50 for
	// SearchMedia, 100 for GetVideoList and GetVideoInfos. Listing must never throttle production.
	requestsPerSecond = 10
	maxTries          = 6                      // of one request
	firstPause        = 250 * time.Millisecond // before the second try; doubles each time
	maxPause          = 5 * time.Second        // the maximum between two tries
	patience          = 30 * time.Second       // the timeout of one request
	maxAnswer         = 16 << 20               // in bytes; a page has at most 100 items
)

// A service is a product of Alibaba Cloud with an API in RPC style.
type service struct {
	name    string // in host names and RAM actions
	version string
}

var services = map[events.Producer]service{
	events.IMS: {name: "ice", version: "2020-11-09"},
	events.VOD: {name: "vod", version: "2017-03-21"},
}

// An api calls the actions of one service. Alibaba Cloud's own client signs the requests (ACS3-HMAC-SHA256). This
// package reads the answers itself, so that every answer has a size limit and no error repeats a server's text.
type api struct {
	service service
	host    string
	client  *openapi.Client
	limit   *rate.Limiter
	pause   time.Duration // firstPause, except in tests
}

// newAPI returns the API of s with the region, endpoint and credentials of opts.
func newAPI(s service, opts Options) (*api, error) {
	if opts.Credentials.AccessKeyID == "" || opts.Credentials.AccessKeySecret == "" {
		return nil, errors.New("no credentials: give the function a role, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
	}
	if err := refuseDebugging(os.Getenv("DEBUG")); err != nil {
		return nil, err
	}
	endpoint := opts.Endpoint
	if endpoint == "" {
		if opts.Region == "" {
			return nil, errors.New("no region: set ALIBABA_CLOUD_REGION_ID or FC_REGION")
		}
		endpoint = "https://" + s.name + "." + opts.Region + ".aliyuncs.com"
	}
	scheme, host, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	client, err := openapi.NewClient(&openapiutil.Config{
		AccessKeyId:     &opts.Credentials.AccessKeyID,
		AccessKeySecret: &opts.Credentials.AccessKeySecret,
		SecurityToken:   &opts.Credentials.SecurityToken,
		Endpoint:        &host,
		Protocol:        &scheme,
		HttpClient:      sharedClient,
	})
	if err != nil {
		return nil, fmt.Errorf("client of %s: %w", host, err)
	}
	return &api{
		service: s,
		host:    host,
		client:  client,
		limit:   rate.NewLimiter(cmp.Or(opts.rate, requestsPerSecond), 1),
		pause:   cmp.Or(opts.pause, firstPause),
	}, nil
}

// refuseDebugging returns an error for the values of the environment variable DEBUG with which the client library
// prints requests and their signatures to standard output.
func refuseDebugging(value string) error {
	for flag := range strings.SplitSeq(value, ",") {
		if slices.Contains([]string{"dara", "tea", "credential", "signer"}, flag) {
			return errors.New("unset DEBUG: with this value the client library prints signatures and tokens")
		}
	}
	return nil
}

// CheckEndpoint returns an error if s cannot be the endpoint of a producer.
func CheckEndpoint(s string) error {
	_, _, err := parseEndpoint(s)
	return err
}

// parseEndpoint splits an endpoint. Its errors do not repeat the text, because it may contain credentials.
func parseEndpoint(s string) (scheme, host string, err error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return "", "", errors.New("the endpoint is not an http or https URL such as https://ice.cn-shanghai.aliyuncs.com")
	case u.User != nil:
		return "", "", errors.New("the URL must not contain credentials")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", errors.New("the endpoint must have only a scheme and a host")
	}
	return u.Scheme, u.Host, nil
}

// call calls action and decodes its answer into a value of type T. It retries after throttling, a 5xx, a broken
// connection, and an incomplete answer. Anything else that is wrong with an answer is an error.
func call[T any](ctx context.Context, a *api, action string, query map[string]string) (T, error) {
	fail := func(err error) (T, error) {
		var none T
		return none, fmt.Errorf("%s of %s: %w", action, a.host, err)
	}
	for try := 1; ; try++ {
		if err := a.limit.Wait(ctx); err != nil {
			return fail(err)
		}
		body, err := a.try(ctx, action, query)
		if err == nil {
			answer, err := decode[T](body)
			if err != nil {
				return fail(err)
			}
			return answer, nil
		}
		passing, _ := errors.AsType[*answerError](err)
		switch {
		case ctx.Err() != nil:
			return fail(context.Cause(ctx))
		case passing == nil || !passing.passing():
			return fail(a.withHint(err, action))
		case try == maxTries:
			return fail(fmt.Errorf("%w (try %d)", err, try))
		}
		if err := sleep(ctx, min(a.pause<<(try-1), maxPause)); err != nil {
			return fail(err)
		}
	}
}

// decode decodes an answer. A repeated name, invalid UTF-8 and trailing data are errors.
func decode[T any](body []byte) (T, error) {
	var answer T
	if err := json.Unmarshal(body, &answer); err != nil {
		var none T
		return none, fmt.Errorf("the answer does not have the published form: %w", withoutGoTypes(err))
	}
	return answer, nil
}

// sleep waits for about d, with jitter, so that several programs do not retry at the same time.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d/2 + rand.N(d)) //nolint:gosec // G404: jitter, not a secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// try sends one request and returns the body of a 200 answer.
func (a *api) try(ctx context.Context, action string, query map[string]string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var got answer
	request := &openapiutil.OpenApiRequest{Query: map[string]*string{}}
	for name, value := range query {
		request.Query[name] = &value
	}
	_, err := a.client.CallApiWithCtx(context.WithValue(ctx, answerKey{}, &got), &openapiutil.Params{
		Action:      &action,
		Version:     &a.service.version,
		Protocol:    dara.String("HTTPS"),
		Method:      dara.String(http.MethodPost),
		AuthType:    dara.String("AK"),
		Style:       dara.String("RPC"),
		Pathname:    dara.String("/"),
		ReqBodyType: dara.String("formData"),
		BodyType:    dara.String("binary"),
	}, request, &dara.RuntimeOptions{})
	switch {
	case got.err != nil:
		return nil, got.err
	case !got.complete: // the client failed before it sent anything
		return nil, fmt.Errorf("the request could not be made: %w", cmp.Or(err, errors.New("unknown cause")))
	}
	return got.body, nil
}

// withHint adds to an error what the user can do about it.
func (a *api) withHint(err error, action string) error {
	e, ok := errors.AsType[*answerError](err)
	if !ok {
		return err
	}
	hint := ""
	dns, isDNS := errors.AsType[*net.DNSError](e.cause)
	switch {
	case isDNS && dns.IsNotFound:
		hint = "check the region and the network"
	case strings.HasPrefix(e.code, "InvalidAccessKeyId"), strings.HasPrefix(e.code, "InvalidSecurityToken"), strings.Contains(e.code, "Expired"):
		hint = "the access key is unknown or has expired"
	case e.code == "SignatureDoesNotMatch", e.code == "IncompleteSignature":
		hint = "the access key secret does not belong to this access key ID"
	case e.status == http.StatusForbidden, e.code == "NoPermission", strings.HasPrefix(e.code, "Forbidden"):
		hint = "the credentials need " + a.service.name + ":" + action + " on resource *"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, hint)
}

// withoutGoTypes removes the names of Go types from an error of package json.
func withoutGoTypes(err error) error {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("unexpected %v at %q", semantic.JSONKind, semantic.JSONPointer)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "jsontext: "))
}

// An answer is the result of one request.
type answer struct {
	complete bool
	body     []byte
	err      error
}

type answerKey struct{}

// An answerError is an answer other than a success, or a missing answer. Its text contains no text of the server or
// the client library, because that could repeat a secret.
type answerError struct {
	status    int    // 0 if there was no answer
	code      string // letters and dots, or ""
	requestID string
	cause     error // if the answer is incomplete
}

func (e *answerError) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	text := fmt.Sprintf("%d %s", e.status, cmp.Or(e.code, http.StatusText(e.status)))
	if e.requestID != "" {
		text += ", request " + e.requestID
	}
	return text
}

func (e *answerError) Unwrap() error { return e.cause }

// passing reports whether a later try may succeed.
func (e *answerError) passing() bool {
	if e.cause != nil {
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.cause)
		dns, isDNS := errors.AsType[*net.DNSError](e.cause)
		return !untrusted && (!isDNS || !dns.IsNotFound) && !errors.Is(e.cause, errTooLong)
	}
	return e.status >= 500 || e.status == http.StatusTooManyRequests || e.status == http.StatusRequestTimeout ||
		strings.HasPrefix(e.code, "Throttling") || e.code == "ServiceUnavailable"
}

// An httpClient sends a request that the client library has signed, and reads the answer itself. It implements
// dara.HttpClient.
type httpClient struct{ http.Client }

// sharedClient keeps its connections between the invocations of a function.
var sharedClient = &httpClient{http.Client{
	Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     30 * time.Second,
	},
	// A signed request must not follow a redirect to another host.
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}}

// Call stores the answer in the request's context and returns a response without a body, because only api.try
// reads the answer.
func (c *httpClient) Call(request *http.Request, _ *http.Transport) (*http.Response, error) {
	got, ok := request.Context().Value(answerKey{}).(*answer)
	if !ok {
		return nil, errors.New("the request's context has no place for the answer")
	}
	response, err := c.Do(request) //nolint:gosec // G704: the operator names the endpoint
	if err != nil {
		got.err = &answerError{cause: withoutURL(err)}
		return nil, got.err
	}
	got.body, err = readAll(response.Body)
	switch {
	case err != nil:
		got.err = &answerError{cause: fmt.Errorf("the answer is incomplete: %w", withoutURL(err))}
	case response.StatusCode != http.StatusOK:
		got.err = newAnswerError(response.StatusCode, got.body)
	default:
		got.complete = true
	}
	response.Body = http.NoBody
	return response, got.err
}

var errTooLong = fmt.Errorf("longer than %d bytes", maxAnswer)

// readAll reads and closes body, which may have at most maxAnswer bytes.
func readAll(body io.ReadCloser) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = errTooLong
	}
	return data, errors.Join(err, body.Close())
}

// withoutURL returns an error of net/http without the URL, because the URL contains the query.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// newAnswerError reads the service's answer about a failure. It leaves out the message, because for a wrong
// signature the message repeats the request's headers, tokens included.
func newAnswerError(status int, body []byte) *answerError {
	var said struct {
		Code      string
		RequestID string `json:"RequestId"`
	}
	_ = json.Unmarshal(body, &said, json.MatchCaseInsensitiveNames(true)) // a proxy's answer may not be JSON
	return &answerError{
		status:    status,
		code:      only("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.", said.Code),
		requestID: only("0123456789ABCDEF-", said.RequestID),
	}
}

// only returns s if it is short and contains only chars, so that it cannot be a secret; or else "".
func only(chars, s string) string {
	if len(s) > 64 || strings.Trim(s, chars) != "" {
		return ""
	}
	return s
}
