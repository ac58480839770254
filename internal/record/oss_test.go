package record_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/test/osstest"
)

// The credentials of these tests. None of them may show up anywhere.
var (
	goodCredentials = record.Credentials{AccessKeyID: "STS.goodkeyid", AccessKeySecret: "goodsecret", SecurityToken: "goodtoken"}
	nextCredentials = record.Credentials{AccessKeyID: "STS.nextkeyid", AccessKeySecret: "nextsecret", SecurityToken: "nexttoken"}
)

const bucket = "test-bucket"

func noEnv(string) string { return "" }

func startOSS(t *testing.T) *osstest.Server {
	t.Helper()
	server, err := osstest.Start(osstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	server.AddBucket(bucket, osstest.BucketOptions{})
	server.SetCredentials(osstest.Credentials{
		AccessKeyID: goodCredentials.AccessKeyID, AccessKeySecret: goodCredentials.AccessKeySecret, SecurityToken: goodCredentials.SecurityToken,
	})
	return server
}

// withInvocation is a Recorder that is always called by the same invocation.
type withInvocation struct {
	record.Recorder
	inv record.Invocation
}

func (r withInvocation) Record(ctx context.Context, e record.Entry) (record.Result, error) {
	return r.Recorder.Record(record.NewContext(ctx, r.inv), e)
}

func openOSS(server *osstest.Server, prefix string) record.Recorder {
	return withInvocation{
		record.NewOSS(record.OSSTarget{Bucket: bucket, Prefix: prefix, Endpoint: server.URL()}, noEnv),
		record.Invocation{Region: server.Region(), Credentials: goodCredentials},
	}
}

func TestOSSRecorder(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "some/prefix"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			t.Parallel()
			testRecorder(t, func(t *testing.T) subject {
				server := startOSS(t)
				return subject{
					recorder: openOSS(server, prefix),
					read: func(_ *testing.T, key string) []byte {
						data, _ := server.Object(bucket, strings.TrimPrefix(prefix+"/"+key, "/"))
						return data
					},
				}
			})
		})
	}
}

// TestOSSEmulator runs the suite against another implementation of OSS where there is one: its URL in
// OSS_TEST_ENDPOINT, an existing bucket in OSS_TEST_BUCKET, credentials in the usual variables.
func TestOSSEmulator(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv("OSS_TEST_ENDPOINT")
	if endpoint == "" {
		t.Skip("OSS_TEST_ENDPOINT names no emulator")
	}
	target, err := record.ParseTarget(fmt.Sprintf("oss://%s/conformance?region=%s&endpoint=%s",
		cmp.Or(os.Getenv("OSS_TEST_BUCKET"), bucket), cmp.Or(os.Getenv("FC_REGION"), osstest.DefaultRegion), endpoint))
	if err != nil {
		t.Fatalf("OSS_TEST_ENDPOINT=%q: %v", endpoint, err)
	}
	testRecorder(t, func(t *testing.T) subject {
		fresh := *target.OSS
		fresh.Prefix = strings.Trim(fresh.Prefix+"/"+strings.ReplaceAll(t.Name(), " ", "-")+time.Now().Format("20060102T150405.000000"), "/")
		return subject{
			recorder: record.NewOSS(fresh, os.Getenv),
			read:     func(t *testing.T, key string) []byte { return getObject(t, fresh, key) },
		}
	})
}

// wantRequests fails unless the server got n requests for key.
func wantRequests(t *testing.T, server *osstest.Server, key string, n int) {
	t.Helper()
	if got := server.RequestsFor(bucket, key); got != n {
		t.Errorf("%d requests for %s, want %d", got, key, n)
	}
}

func TestOSSOneRequestAnEvent(t *testing.T) {
	t.Parallel()
	server := startOSS(t)
	r := openOSS(server, "")
	for _, want := range []record.Result{record.Recorded, record.Duplicate} {
		if got, err := r.Record(t.Context(), newEntry("k.json", "{}")); err != nil || got != want {
			t.Fatalf("Record = %v, %v; want %v", got, err, want)
		}
	}
	wantRequests(t, server, "k.json", 2)
	if n := server.Stats().Connections; n != 1 {
		t.Errorf("%d connections, want 1 that is kept", n)
	}
	for _, exchange := range server.Requests() {
		h := exchange.Header
		if exchange.Method != http.MethodPut || h.Get("x-oss-forbid-overwrite") != "true" || h.Get("Content-Type") != "application/json" ||
			h.Get("Content-Md5") != "ioBVTJHZ/KisuC8CPeAvEQ==" || !strings.HasPrefix(h.Get("Authorization"), "OSS4-HMAC-SHA256 ") || h.Get("x-oss-security-token") != goodCredentials.SecurityToken {
			t.Errorf("request %s %v", exchange.Method, h)
		}
	}
}

func TestOSSFaults(t *testing.T) {
	t.Parallel()
	once := func(f osstest.Fault) func(osstest.Request) osstest.Fault {
		return func(r osstest.Request) osstest.Fault {
			if r.Before == 0 {
				return f
			}
			return osstest.Fault{}
		}
	}
	always := func(f osstest.Fault) func(osstest.Request) osstest.Fault {
		return func(osstest.Request) osstest.Fault { return f }
	}
	// How much time there is: so much that a busy machine changes nothing, and for a hang so much that the
	// second try, after three quarters of it, has enough left. TestPersist plays the finer points.
	const ample, hang = time.Minute, 6 * time.Second
	for _, tt := range []struct {
		name   string
		fault  func(osstest.Request) osstest.Fault
		want   record.Result // 0: an error
		says   string
		tries  int // 0: as many as there is time for
		stored bool
		limit  time.Duration
	}{
		{"slow", once(osstest.Fault{Delay: 50 * time.Millisecond}), record.Recorded, "", 1, true, ample},
		{"500 once", once(osstest.Fault{Status: 500, Code: "InternalError"}), record.Recorded, "", 2, true, ample},
		{"503 once", once(osstest.Fault{Status: 503, Code: "ServiceUnavailable"}), record.Recorded, "", 2, true, ample},
		{"a proxy's 502 once", once(osstest.Fault{HTML: true}), record.Recorded, "", 2, true, ample},
		{"429 once", once(osstest.Fault{Status: 429, Code: "TooManyRequests"}), record.Recorded, "", 2, true, ample},
		{"request timeout once", once(osstest.Fault{Status: 400, Code: "RequestTimeout"}), record.Recorded, "", 2, true, ample},
		{"reset before storing", once(osstest.Fault{Break: osstest.ResetBefore}), record.Recorded, "", 2, true, ample},
		{"reset after storing", once(osstest.Fault{Break: osstest.ResetAfter}), record.Duplicate, "", 2, true, ample},
		{"hang", once(osstest.Fault{Break: osstest.Hang}), record.Recorded, "", 2, true, hang},
		{"hang after storing", once(osstest.Fault{Break: osstest.HangAfterStore}), record.Duplicate, "", 2, true, hang},
		{"500 for ever", always(osstest.Fault{Status: 500, Code: "InternalError"}), 0, "500 InternalError", 0, false, 2 * time.Second},
		{"hang for ever", always(osstest.Fault{Break: osstest.Hang}), 0, "deadline exceeded", 0, false, 500 * time.Millisecond},
		{"403", always(osstest.Fault{Status: 403, Code: "AccessDenied"}), 0, "403 AccessDenied", 1, false, ample},
		{"404", always(osstest.Fault{Status: 404, Code: "NoSuchBucket"}), 0, "404 NoSuchBucket", 1, false, ample},
		{"another 409", always(osstest.Fault{Status: 409, Code: "OperationAborted"}), 0, "409 OperationAborted", 1, false, ample},
		{"409 in HTML", always(osstest.Fault{Status: 409, HTML: true}), 0, "409", 1, false, ample},
		{"301", always(osstest.Fault{Status: 301, HTML: true}), 0, "301", 1, false, ample},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := startOSS(t)
			server.SetFault(tt.fault)
			ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
			defer cancel()
			got, err := openOSS(server, "").Record(ctx, newEntry("k.json", "{}"))
			if got != tt.want || (err == nil) != (tt.want != 0) {
				t.Errorf("Record = %v, %v; want %v", got, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", err, tt.says)
			}
			if n := server.RequestsFor(bucket, "k.json"); tt.tries != 0 && n != tt.tries {
				t.Errorf("%d tries, want %d", n, tt.tries)
			}
			if _, stored := server.Object(bucket, "k.json"); stored != tt.stored {
				t.Errorf("stored: %v, want %v", stored, tt.stored)
			}
		})
	}
}

func TestOSSCredentials(t *testing.T) {
	t.Parallel()
	server := startOSS(t)
	r := record.NewOSS(record.OSSTarget{Bucket: bucket, Endpoint: server.URL()}, noEnv)
	put := func(key string, c record.Credentials) error {
		ctx := record.NewContext(t.Context(), record.Invocation{Region: server.Region(), Credentials: c})
		_, err := r.Record(ctx, newEntry(key, "{}"))
		return err
	}
	if err := put("1", goodCredentials); err != nil {
		t.Fatal(err)
	}
	server.ExpireCredentials(goodCredentials.AccessKeyID)
	if err := put("2", goodCredentials); err == nil || !strings.Contains(err.Error(), "SecurityTokenExpired") {
		t.Errorf("an expired token: %v", err)
	}
	server.AddCredentials(osstest.Credentials{
		AccessKeyID: nextCredentials.AccessKeyID, AccessKeySecret: nextCredentials.AccessKeySecret, SecurityToken: nextCredentials.SecurityToken,
	})
	if err := put("2", nextCredentials); err != nil {
		t.Errorf("the next invocation's credentials: %v", err)
	}
	wrong := nextCredentials
	wrong.AccessKeySecret = "wrongsecret"
	err := put("3", wrong)
	if err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("a wrong secret: %v", err)
	}
	for _, secret := range []string{wrong.AccessKeyID, wrong.AccessKeySecret, wrong.SecurityToken} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows %q: %v", secret, err)
		}
	}
}

// TestOSSErrorsRepeatNothing has a server that says back what it was told in place of OSS's own words.
func TestOSSErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"<Error><Code>OSS4-HMAC-SHA256 Credential=STS.goodkeyid</Code><EC>goodtoken</EC><RequestId>goodsecret</RequestId><Message>goodsecret</Message></Error>": ": 403 Forbidden",
		"<Error><Code>" + strings.Repeat("A", 65) + "</Code></Error>":                                                                                           ": 403 Forbidden",
		"<Error><Code>AccessDenied</Code><EC>0003-00000001</EC><RequestId>6502A2C415E3A9B73D2F1C0A</RequestId></Error>":                                         ": 403 AccessDenied, EC 0003-00000001, OSS request 6502A2C415E3A9B73D2F1C0A",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		_, err := openStranger(server).Record(t.Context(), newEntry("k.json", "{}"))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: error %v, want …%s", body, err, want)
		}
	}
}

func openStranger(server *httptest.Server) record.Recorder {
	return withInvocation{
		record.NewOSS(record.OSSTarget{Bucket: bucket, Endpoint: server.URL}, noEnv),
		record.Invocation{Region: "cn-hangzhou", Credentials: goodCredentials},
	}
}

// TestOnlyOSSCanRecord has servers that answer like a proxy, a captive portal or a wrong endpoint.
func TestOnlyOSSCanRecord(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"200 with a page":  func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>Welcome</html>") },
		"200 with nothing": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"201 of OSS": func(w http.ResponseWriter) {
			w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
			w.WriteHeader(http.StatusCreated)
		},
		"204 of OSS": func(w http.ResponseWriter) {
			w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
			w.WriteHeader(http.StatusNoContent)
		},
		"200 of OSS, of another body": func(w http.ResponseWriter) {
			w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
			w.Header().Set("Content-Md5", "1B2M2Y8AsgTpgAmY7PhCfg==")
		},
		"200 of OSS, with another checksum": func(w http.ResponseWriter) {
			w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
			w.Header().Set("x-oss-hash-crc64ecma", "1")
		},
		"200 of OSS, with an error": func(w http.ResponseWriter) {
			w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
			_, _ = io.WriteString(w, "<Error><Code>InternalError</Code></Error>")
		},
		"408 in HTML": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusRequestTimeout)
			_, _ = io.WriteString(w, "<html>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tries.Add(1) == 3 {
					cancel()
				}
				answer(w)
			}))
			t.Cleanup(server.Close)
			result, err := openStranger(server).Record(ctx, newEntry("k.json", "{}"))
			if err == nil || tries.Load() != 3 {
				t.Errorf("Record = %v, %v after %d tries; want an error after 3", result, err, tries.Load())
			}
		})
	}
}

// TestEndlessAnswers has servers whose answers have no end.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusForbidden} {
		var sent atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("x-oss-request-id", "6502A2C415E3A9B73D2F1C0A")
			w.WriteHeader(status)
			for r.Context().Err() == nil {
				n, err := w.Write(make([]byte, 32<<10))
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}))
		t.Cleanup(server.Close)
		result, err := openStranger(server).Record(t.Context(), newEntry("k.json", "{}"))
		if (err == nil) != (status == http.StatusOK) {
			t.Errorf("%d: Record = %v, %v", status, result, err)
		}
		if n := sent.Load(); n > 64<<20 { // what the connection's buffers take is not read by anyone
			t.Errorf("%d: %d bytes of the answer were taken", status, n)
		}
	}
}

// TestOSSTokenExpiresBetweenTries has the first try fail for another reason.
func TestOSSTokenExpiresBetweenTries(t *testing.T) {
	t.Parallel()
	server := startOSS(t)
	server.SetFault(func(r osstest.Request) osstest.Fault {
		if r.Before > 0 {
			return osstest.Fault{}
		}
		server.ExpireCredentials(goodCredentials.AccessKeyID)
		return osstest.Fault{Status: http.StatusServiceUnavailable}
	})
	r := openOSS(server, "")
	_, err := r.Record(t.Context(), newEntry("k.json", "{}"))
	if err == nil || !strings.Contains(err.Error(), "403 SecurityTokenExpired") || strings.Contains(err.Error(), goodCredentials.SecurityToken) {
		t.Errorf("err = %v, want SecurityTokenExpired and no token", err)
	}
	if n := server.RequestsFor(bucket, "k.json"); n != 2 {
		t.Errorf("%d requests, want 2: trying on with an expired token is no use", n)
	}
}

func TestOSSFallsBackToTheEnvironment(t *testing.T) {
	t.Parallel()
	server := startOSS(t)
	env := map[string]string{
		"FC_REGION":                       server.Region(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID":     goodCredentials.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET": goodCredentials.AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN":    goodCredentials.SecurityToken,
	}
	target := record.OSSTarget{Bucket: bucket, Endpoint: server.URL()}
	r := record.NewOSS(target, func(name string) string { return env[name] })
	if _, err := r.Record(t.Context(), newEntry("k.json", "{}")); err != nil {
		t.Error(err)
	}
	for missing, says := range map[string]string{
		"FC_REGION": "no region", "ALIBABA_CLOUD_ACCESS_KEY_ID": "no credentials", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "no credentials",
	} {
		r := record.NewOSS(target, func(name string) string {
			if name == missing {
				return ""
			}
			return env[name]
		})
		_, err := r.Record(t.Context(), newEntry("k.json", "{}"))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("without %s: %v, want %q", missing, err, says)
		}
	}
}

func TestOSSEndpoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ endpoint, region, own, want string }{
		{"", "cn-shanghai", "cn-shanghai", "https://oss-cn-shanghai-internal.aliyuncs.com"},
		{"", "cn-shanghai", "cn-beijing", "https://oss-cn-shanghai.aliyuncs.com"},
		{"", "cn-shanghai", "", "https://oss-cn-shanghai.aliyuncs.com"},
		{"http://127.0.0.1:1", "cn-shanghai", "cn-shanghai", "http://127.0.0.1:1"},
	} {
		if got := record.Endpoint(record.OSSTarget{Endpoint: tt.endpoint}, tt.region, tt.own); got != tt.want {
			t.Errorf("endpoint of %+v = %s", tt, got)
		}
	}
}

// getObject reads an object as any client would.
func getObject(t *testing.T, target record.OSSTarget, key string) []byte {
	t.Helper()
	client, err := oss.New(target.Endpoint, os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"), os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
		oss.SecurityToken(os.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN")), oss.AuthVersion(oss.AuthV4), oss.Region(target.Region))
	if err != nil {
		t.Fatal(err)
	}
	b, err := client.Bucket(target.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	body, err := b.GetObject(target.Prefix + "/" + key)
	if service, ok := errors.AsType[oss.ServiceError](err); ok && service.StatusCode == http.StatusNotFound {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
