package main_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/test/eventtest"
	"github.com/vod-callback/recorder/internal/test/osstest"
	"github.com/vod-callback/recorder/internal/test/proc"
	"github.com/vod-callback/recorder/internal/test/producertest"
)

// program is the path of the built function.
var program string

func TestMain(m *testing.M) { os.Exit(proc.BuildAndRun(m, &program)) }

// role are the credentials that the runtime hands to the function with each invocation.
var role = producertest.Credentials{AccessKeyID: "STS.NExampleKeyId", AccessKeySecret: "ExampleSecretOfTheRole", SecurityToken: "CAISExampleToken"}

// A world is everything around the function: the producers' APIs behind TLS, and a bucket.
type world struct {
	*fclocal.Runtime
	producer *producertest.Server
	oss      *osstest.Server
	log      *lockedBuffer
}

// newWorld starts the function with env. Its requests reach producer at the published host names.
func newWorld(t *testing.T, producer *producertest.Server, env ...string) *world {
	t.Helper()
	producer.Credentials = role
	w := &world{producer: producer, log: &lockedBuffer{}}
	var err error
	if w.oss, err = osstest.Start(osstest.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.oss.Close() })
	w.oss.SetCredentials(osstest.Credentials{AccessKeyID: role.AccessKeyID, AccessKeySecret: role.AccessKeySecret, SecurityToken: role.SecurityToken})
	w.oss.AddBucket("bucket", osstest.BucketOptions{})
	proxy, authority := startCloud(t, producer)
	w.Runtime, err = fclocal.Start(fclocal.Options{
		Function: program, Log: w.log, Timeout: 2 * time.Minute,
		Context: fclocal.Context{Region: "cn-hangzhou", AccountID: "1234567890123456", AccessKeyID: role.AccessKeyID, AccessKeySecret: role.AccessKeySecret, SecurityToken: role.SecurityToken},
		Env: append([]string{
			"RECORD_TO=oss://bucket/outcomes?region=cn-hangzhou&endpoint=" + w.oss.URL(), "HTTPS_PROXY=" + proxy, "SSL_CERT_FILE=" + authority,
			"RECONCILE_PRODUCER=", "RECONCILE_SINCE=", "RECONCILE_LONGEST=", "LOG_LEVEL=",
		}, env...),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// hosts are the published host names of the producers' APIs.
var hosts = []string{"ice.cn-hangzhou.aliyuncs.com", "vod.cn-hangzhou.aliyuncs.com"}

// startCloud serves handler at hosts, behind a proxy. It returns the proxy's URL and the file with the
// certificate to trust.
func startCloud(t *testing.T, handler http.Handler) (proxy, authority string) {
	t.Helper()
	cloud := httptest.NewUnstartedServer(handler)
	certificate := newCertificate(t)
	cloud.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	cloud.StartTLS()
	t.Cleanup(cloud.Close)
	tunnel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, port, _ := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || port != "443" || !slices.Contains(hosts, host) {
			http.Error(w, "unexpected "+r.Method+" "+r.Host, http.StatusBadGateway)
			return
		}
		there, err := net.Dial("tcp", cloud.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = here.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) // a client that is gone needs none
		go pump(here, there)
		go pump(there, here)
	}))
	t.Cleanup(tunnel.Close)
	authority = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tunnel.URL, authority
}

// pump copies until one side ends, and then ends both.
func pump(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

// newCertificate returns a certificate for hosts.
func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
}

// A lockedBuffer collects the function's log while tests read it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// invoke starts the function as the timer does.
func (w *world) invoke(t *testing.T) fclocal.Response {
	t.Helper()
	response, err := w.Invoke(t.Context(), eventtest.Sample(t, "timer.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{role.AccessKeyID, role.AccessKeySecret, role.SecurityToken, "Signature="} {
		if strings.Contains(w.log.String()+string(response.Payload), secret) {
			t.Errorf("%q in the log or the answer:\n%s\n%s", secret, w.log, response.Payload)
		}
	}
	return response
}

// record records a callback.
func (w *world) record(t *testing.T, producer events.Producer, job, medium string, at time.Time) {
	t.Helper()
	e, err := sample.Outcome(sample.Event{Producer: producer, JobID: job, MediaID: medium, Time: at}, outcome.Facts{Trigger: "http", ReceivedAt: at.Format(outcome.TimeFormat)}).Entry()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.oss.Seed("bucket", func(yield func(string, []byte) bool) { yield("outcomes/"+e.Key, e.Body) }); err != nil {
		t.Fatal(err)
	}
}

// logged returns the lines of the log with the message.
func (w *world) logged(msg string) []map[string]any {
	var lines []map[string]any
	for text := range strings.Lines(w.log.String()) {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == msg {
			lines = append(lines, line)
		}
	}
	return lines
}

// findings returns the keys below missing/ of the bucket.
func (w *world) findings(t *testing.T) []string {
	t.Helper()
	var keys []string
	for key := range w.oss.Objects("bucket") {
		if strings.HasPrefix(key, "outcomes/missing/") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

const apiTime = "2006-01-02T15:04:05Z"

// job is a job of IMS that ended at the time.
func job(id, medium string, at time.Time) producertest.Job {
	return producertest.Job{
		JobID: id, MediaID: medium, ProjectID: "project", Status: "Success", Code: "Success",
		CreateTime: at.Add(-time.Minute).Format(apiTime), CompleteTime: at.Format(apiTime), ModifiedTime: at.Format(apiTime),
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	at := now.Add(-2 * time.Hour)
	failed := job("j2", "m2", at)
	failed.Status, failed.Code, failed.Message = "Failed", "InvalidParameter", "no clip"
	w := newWorld(t, &producertest.Server{Jobs: []producertest.Job{
		job("j1", "m1", at), failed, job("under way", "m3", now.Add(-time.Minute)), job("old", "m4", now.Add(-25*time.Hour)),
	}})
	w.record(t, events.IMS, "j1", "m1", at)
	for range 2 { // what is recorded once stays
		if r := w.invoke(t); r.Failed || string(r.Payload) != `{"ended":2,"recorded":1,"missing":1}` {
			t.Fatalf("%s\n%s", r.Payload, w.log)
		}
	}
	if got, want := w.findings(t), []string{"outcomes/missing/dt=" + at.Format(time.DateOnly) + "/j2.json"}; !slices.Equal(got, want) {
		t.Errorf("findings %q, want %q", got, want)
	}
	lines := w.logged("missing")
	if len(lines) != 2 {
		t.Fatalf("%d lines \"missing\":\n%s", len(lines), w.log)
	}
	found, _ := lines[0]["outcome"].(map[string]any)
	if lines[0]["level"] != "WARN" || found["job_id"] != "j2" || found["status"] != "fail" || found["error_code"] != "InvalidParameter" ||
		found["trigger"] != "reconcile" || found["region"] != "cn-hangzhou" || found["account_id"] != "1234567890123456" || found["request_id"] != lines[0]["request_id"] {
		t.Errorf("line %v", lines[0])
	}
	w.record(t, events.IMS, "j2", "m2", at)
	if r := w.invoke(t); string(r.Payload) != `{"ended":2,"recorded":2,"missing":0}` {
		t.Errorf("after the callback came: %s", r.Payload)
	}
}

func TestReconcileVOD(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Add(-time.Hour)
	made := func(id, status string) producertest.Video {
		return producertest.Video{VideoID: id, Status: status, MediaSource: "editing", CreationTime: at.Add(-time.Minute).Format(apiTime), ModificationTime: at.Format(apiTime)}
	}
	w := newWorld(t, &producertest.Server{Videos: []producertest.Video{made("v1", "Normal"), made("v2", "Normal"), made("v3", "ProduceFail")}},
		"RECONCILE_PRODUCER=vod", "RECONCILE_SINCE=2h", "RECONCILE_LONGEST=1h", "LOG_LEVEL=error")
	w.record(t, events.VOD, "", "v2", at)
	if r := w.invoke(t); r.Failed || string(r.Payload) != `{"ended":3,"recorded":1,"missing":2}` {
		t.Fatalf("%s\n%s", r.Payload, w.log)
	}
	if got := w.findings(t); len(got) != 2 {
		t.Errorf("findings %q", got)
	}
	if lines := w.logged("missing"); len(lines) != 0 {
		t.Errorf("LOG_LEVEL=error leaves %v", lines)
	}
}

// TestFails: where it cannot be found out what is missing, the invocation fails and nothing is recorded.
func TestFails(t *testing.T) {
	t.Parallel()
	at := time.Now().UTC().Add(-time.Hour)
	jobs := make([]producertest.Job, 150)
	for i := range jobs {
		jobs[i] = job(fmt.Sprintf("j%d", i), fmt.Sprintf("m%d", i), at)
	}
	producer := &producertest.Server{Jobs: jobs, Fault: func(r producertest.Request) producertest.Fault {
		if r.Query["NextToken"] == "" {
			return producertest.Fault{}
		}
		return producertest.Fault{Status: 403, Code: "NoPermission", Message: role.AccessKeyID + role.SecurityToken}
	}}
	w := newWorld(t, producer)
	r := w.invoke(t)
	if !r.Failed || !strings.Contains(string(r.Payload), `"errorType":"ReconcileError"`) ||
		!strings.Contains(string(r.Payload), "ListMediaProducingJobs of ice.cn-hangzhou.aliyuncs.com: 403 NoPermission") {
		t.Errorf("answer %s", r.Payload)
	}
	if got := w.findings(t); len(got) != 0 || len(w.logged("missing")) != 0 {
		t.Errorf("findings %q\n%s", got, w.log)
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  []string
		want string // all of standard error
	}{
		{nil, `RECORD_TO="log:": the log cannot be listed, so reconcile needs a store; want oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR`},
		{[]string{"RECORD_TO=ftp://x"}, `RECORD_TO="ftp://x": unknown scheme "ftp"; want oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR`},
		{[]string{"RECORD_TO=oss://user:pass@bucket"}, `RECORD_TO=[not shown: it may contain credentials]: the URL must not contain credentials; want oss://BUCKET[/PREFIX][?endpoint=URL&region=ID] or file:///DIR`},
		{[]string{"RECORD_TO=file:///x", "RECONCILE_PRODUCER=mts", "RECONCILE_SINCE=15m", "RECONCILE_LONGEST=-1s", "LOG_LEVEL=INFO"},
			`RECONCILE_PRODUCER="mts": unknown producer; want ims or vod
RECONCILE_SINCE="15m": too short: edits of the last 15m are not checked; want a duration longer than 15m, such as "24h"
RECONCILE_LONGEST="-1s": too short; want a positive duration such as "24h"
LOG_LEVEL="INFO": unknown level; want debug, info, warn or error`},
		{[]string{"RECORD_TO=file:///x", "RECONCILE_SINCE=1d", "RECONCILE_LONGEST=1"},
			`RECONCILE_SINCE="1d": not a duration; want a duration longer than 15m, such as "24h"
RECONCILE_LONGEST="1": not a duration; want a positive duration such as "24h"`},
	} {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(program)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, tt.env...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 1 || err == nil {
			t.Errorf("%v: exit status %d", tt.env, code)
		}
		if got := strings.TrimSuffix(stderr.String(), "\n"); got != tt.want || stdout.Len() > 0 {
			t.Errorf("%v: standard error\n%s\nwant\n%s", tt.env, got, tt.want)
		}
	}
}

// TestFunctionLinksNoProducer: what asks the producers, and all that comes with it, stays out of target/main.
func TestFunctionLinksNoProducer(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]bool{"../function": false, ".": true, "../vodctl": true} {
		out, err := exec.Command("go", "list", "-deps", program).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range []string{"github.com/alibabacloud-go/", "github.com/aliyun/credentials-go", "github.com/vod-callback/recorder/internal/reconcile"} {
			if got := strings.Contains(string(out), module); got != want {
				t.Errorf("%s links %s: %t, want %t", program, module, got, want)
			}
		}
	}
}
