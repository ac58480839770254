package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/local/sample"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
	"github.com/vod-callback/recorder/internal/test/producertest"
)

// noon is in the middle of the time range of the tests.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var credentials = record.Credentials{AccessKeyID: "LTAI5tExampleKeyId", AccessKeySecret: "ExampleSecretOfTheKey", SecurityToken: "CAISExampleToken"}

// fast are options without the pauses that are for a real service.
func fast(endpoint string) Options {
	return Options{Endpoint: endpoint, Credentials: credentials, rate: rate.Inf, pause: time.Microsecond}
}

// startServer starts s with the tests' credentials.
func startServer(t testing.TB, s *producertest.Server) string {
	t.Helper()
	s.Credentials = producertest.Credentials(credentials)
	listening := s.Start()
	t.Cleanup(listening.Close)
	return listening.URL
}

// A testStore is a directory with records.
type testStore struct {
	testing.TB
	dir string
}

func newStore(t testing.TB) testStore {
	t.Helper()
	return testStore{t, t.TempDir()}
}

// add adds the record of an IMS event or, where job is "", of a VOD event.
func (s testStore) add(job, medium string, at time.Time) {
	s.Helper()
	producer := events.VOD
	if job != "" {
		producer = events.IMS
	}
	o := sample.Outcome(sample.Event{Producer: producer, JobID: job, MediaID: medium, Time: at}, outcome.Facts{Trigger: "http", ReceivedAt: at.Format(outcome.TimeFormat)})
	if medium == "" {
		o.MediaID = ""
	}
	e, err := o.Entry()
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.recorder().Record(context.Background(), e); err != nil {
		s.Fatal(err)
	}
}

func (s testStore) recorder() record.Recorder { return record.FileRecorder{Dir: s.dir} }

func (s testStore) open() store.Store {
	s.Helper()
	opened, err := store.Open(record.Target{Dir: s.dir}, func(string) string { return "" })
	if err != nil {
		s.Fatal(err)
	}
	return opened
}

// files returns the keys of what is kept.
func (s testStore) files() []string {
	s.Helper()
	var keys []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			key, _ := filepath.Rel(s.dir, path)
			keys = append(keys, filepath.ToSlash(key))
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return keys
}

// ended is a job that took ten minutes and ended at the time.
func ended(job, medium string, at time.Time) producertest.Job {
	return producertest.Job{
		JobID: job, MediaID: medium, ProjectID: "project", Status: "Success", Code: "Success",
		CreateTime: at.Add(-10 * time.Minute).Format(apiTime), CompleteTime: at.Format(apiTime), ModifiedTime: at.Format(apiTime),
	}
}

func failedJob(job, medium string, at time.Time) producertest.Job {
	j := ended(job, medium, at)
	j.Status, j.Code, j.Message = "Failed", "InvalidParameter.Timeline", "no clip"
	return j
}

// compare compares the day before and after noon.
func compare(t testing.TB, name events.Producer, opts Options, s store.Store) (*Result, error) {
	t.Helper()
	p, err := NewProducer(name, opts)
	if err != nil {
		t.Fatal(err)
	}
	return Comparison{Producer: p, Store: s, Since: noon.Add(-12 * time.Hour), Until: noon.Add(12 * time.Hour), Longest: 24 * time.Hour}.Run(t.Context())
}

// subjects returns what is missing.
func subjects(t testing.TB, r *Result) []string {
	t.Helper()
	var found []string
	for page, err := range r.Findings() {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			found = append(found, e.ID())
		}
	}
	if len(found) != r.Missing || r.Missing+r.Recorded != r.Ended {
		t.Errorf("%+v has the findings %v", r, found)
	}
	return found
}

func TestCompare(t *testing.T) {
	t.Parallel()
	running := ended("running", "m", noon)
	running.Status, running.CompleteTime = "Processing", ""
	queued := running
	queued.JobID, queued.Status = "queued", "Queuing"
	long := ended("long", "m", noon)
	long.CreateTime = noon.Add(-30 * time.Hour).Format(apiTime)
	for _, tt := range []struct {
		name    string
		jobs    []producertest.Job
		records func(testStore)
		ended   int
		missing []string
	}{
		{"no edits", nil, nil, 0, nil},
		{"recorded", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("j1", "m1", noon) }, 1, nil},
		{"recorded as VOD does", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("", "m1", noon) }, 1, nil},
		{"recorded without a medium", []producertest.Job{failedJob("j1", "m1", noon)}, func(s testStore) { s.add("j1", "", noon) }, 1, nil},
		{"recorded by another job's event", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("j9", "m1", noon) }, 1, nil},
		{"recorded under a medium that the producer does not name", []producertest.Job{failedJob("j1", "", noon)}, func(s testStore) { s.add("j1", "m1", noon); s.add("j9", "m9", noon) }, 1, nil},
		{"recorded under another medium", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("j1", "m2", noon.Add(time.Hour)) }, 1, nil},
		{"not recorded", []producertest.Job{ended("j1", "m1", noon), failedJob("j2", "", noon)}, func(s testStore) { s.add("j9", "m9", noon) }, 2, []string{"j1", "j2"}},
		{"one of three", []producertest.Job{ended("j1", "m1", noon), ended("j2", "m2", noon), ended("j3", "m3", noon)},
			func(s testStore) { s.add("j1", "m1", noon); s.add("j3", "m3", noon) }, 3, []string{"j2"}},
		{"still running", []producertest.Job{running, queued}, nil, 0, nil},
		{"outside the range", []producertest.Job{ended("early", "m", noon.Add(-12*time.Hour-time.Second)), ended("late", "m", noon.Add(12*time.Hour))}, nil, 0, nil},
		{"at its ends", []producertest.Job{ended("first", "m1", noon.Add(-12*time.Hour)), ended("last", "m2", noon.Add(12*time.Hour-time.Second))}, nil, 2, []string{"first", "last"}},
		{"submitted before it", []producertest.Job{long}, nil, 1, []string{"long"}},
		{"record a day later", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("j1", "m1", noon.Add(35*time.Hour)) }, 1, nil},
		{"record too late", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("j1", "m1", noon.Add(36*time.Hour)) }, 1, []string{"j1"}},
		{"record of the day of submission", []producertest.Job{long}, func(s testStore) { s.add("long", "m", noon.Add(-30*time.Hour)) }, 1, nil},
		{"record before the submission", []producertest.Job{ended("j1", "m1", noon)}, func(s testStore) { s.add("j1", "m1", noon.Add(-13*time.Hour)) }, 1, []string{"j1"}},
		{"two edits of a medium, one recorded", []producertest.Job{ended("j1", "m1", noon), ended("j2", "m1", noon.Add(time.Hour))},
			func(s testStore) { s.add("j2", "m1", noon.Add(time.Hour)) }, 2, []string{"j1"}},
		{"two edits of a medium, both recorded", []producertest.Job{ended("j1", "m1", noon), ended("j2", "m1", noon.Add(time.Hour))},
			func(s testStore) { s.add("j1", "m1", noon); s.add("j2", "m1", noon.Add(time.Hour)) }, 2, nil},
		{"two edits of a medium, a record without job", []producertest.Job{ended("j1", "m1", noon), ended("j2", "m1", noon.Add(time.Hour))},
			func(s testStore) { s.add("", "m1", noon) }, 2, nil},
		{"two edits of a medium, a record of neither", []producertest.Job{ended("j1", "m1", noon), ended("j2", "m1", noon.Add(time.Hour))},
			func(s testStore) { s.add("j9", "m1", noon) }, 2, nil},
		{"two edits of a medium, one outside the range", []producertest.Job{ended("j1", "m1", noon), ended("j0", "m1", noon.Add(-13*time.Hour))},
			func(s testStore) { s.add("j0", "m1", noon) }, 1, []string{"j1"}},
		{"two edits of a medium, a record that cannot be read", []producertest.Job{ended("j1", "m1", noon), ended("j2", "m1", noon.Add(time.Hour))},
			func(s testStore) {
				s.add("j1", "m1", noon)
				if err := os.WriteFile(filepath.Join(s.dir, s.files()[0]), []byte("{"), 0o600); err != nil {
					s.Fatal(err)
				}
			}, 2, nil},
		{"odd identifiers", []producertest.Job{ended("j/1", "m ü", noon), ended("..", "", noon)}, func(s testStore) { s.add("j/1", "m ü", noon); s.add("..", "", noon) }, 2, nil},
		{"listed twice", []producertest.Job{ended("j1", "m1", noon), ended("j1", "m1", noon)}, nil, 1, []string{"j1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startServer(t, &producertest.Server{Jobs: tt.jobs})
			s := newStore(t)
			if tt.records != nil {
				tt.records(s)
			}
			r, err := compare(t, events.IMS, fast(endpoint), s.open())
			if err != nil {
				t.Fatal(err)
			}
			got := subjects(t, r)
			slices.Sort(got)
			if r.Ended != tt.ended || !slices.Equal(got, tt.missing) {
				t.Errorf("%d ended, %q missing; want %d, %q", r.Ended, got, tt.ended, tt.missing)
			}
		})
	}
}

// TestPages compares more edits than a page has, over more days than the API lists at once.
func TestPages(t *testing.T) {
	t.Parallel()
	server := &producertest.Server{}
	s := newStore(t)
	var want []string
	for i := range 730 {
		job, at := fmt.Sprintf("job%03d", i), noon.Add(time.Duration(i-730)*2*time.Hour)
		server.Jobs = append(server.Jobs, ended(job, "medium-"+job, at))
		if i%100 == 7 {
			want = append(want, job)
		} else {
			s.add(job, "medium-"+job, at)
		}
	}
	p, err := NewProducer(events.IMS, fast(startServer(t, server)))
	if err != nil {
		t.Fatal(err)
	}
	progress := new(Progress)
	r, err := Comparison{Producer: p, Store: s.open(), Since: noon.AddDate(0, 0, -61), Until: noon, Longest: 24 * time.Hour, Progress: progress}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := subjects(t, r); r.Ended != 730 || !slices.Equal(got, want) {
		t.Errorf("%d ended, %q missing; want 730, %q", r.Ended, got, want)
	}
	if progress.Names.Load() != 722 || progress.Listed.Load() < 730 || progress.Opened.Load() != 0 {
		t.Errorf("progress: %d listed, %d names, %d opened", progress.Listed.Load(), progress.Names.Load(), progress.Opened.Load())
	}
}

// TestFinding checks what of the producer's answer a finding has.
func TestFinding(t *testing.T) {
	t.Parallel()
	j := failedJob("j1", "m1", noon)
	j.MediaURL, j.UserData = "http://bucket.oss-cn-shanghai.aliyuncs.com/a.mp4", `{"key":"value"}`
	success := ended("j2", "m2", noon.Add(time.Hour))
	success.Duration = 15.5
	facts := outcome.Facts{RequestID: "r", AccountID: "1234", Region: "cn-shanghai", ReceivedAt: noon.Add(2 * time.Hour).Format(outcome.TimeFormat)}
	r, err := compare(t, events.IMS, fast(startServer(t, &producertest.Server{Jobs: []producertest.Job{j, success}})), newStore(t).open())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for page, err := range r.Findings() {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			line, err := e.Outcome(facts).Line()
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
	}
	want := []string{
		`{"schema_version":1,"event_type":"ProduceMediaComplete","event_time":"2026-11-24T12:00:00Z","status":"fail","media_id":"m1","project_id":"project",` +
			`"error_code":"InvalidParameter.Timeline","error_message":"no clip","job_id":"j1","media_url":"http://bucket.oss-cn-shanghai.aliyuncs.com/a.mp4",` +
			`"user_data":"{\"key\":\"value\"}","producer":"ims","trigger":"reconcile","request_id":"r","account_id":"1234","region":"cn-shanghai","received_at":"2026-11-24T14:00:00.000Z",` +
			`"raw":{"JobId":"j1","ProjectId":"project","MediaId":"m1","MediaURL":"http://bucket.oss-cn-shanghai.aliyuncs.com/a.mp4","Status":"Failed","Code":"InvalidParameter.Timeline",` +
			`"Message":"no clip","CreateTime":"2026-11-24T11:50:00Z","ModifiedTime":"2026-11-24T12:00:00Z","CompleteTime":"2026-11-24T12:00:00Z","UserData":"{\"key\":\"value\"}"}}` + "\n",
		`{"schema_version":1,"event_type":"ProduceMediaComplete","event_time":"2026-11-24T13:00:00Z","status":"success","media_id":"m2","project_id":"project",` +
			`"job_id":"j2","producer":"ims","trigger":"reconcile","request_id":"r","account_id":"1234","region":"cn-shanghai","received_at":"2026-11-24T14:00:00.000Z",` +
			`"raw":{"JobId":"j2","ProjectId":"project","MediaId":"m2","Duration":15.5,"Status":"Success","Code":"Success",` +
			`"CreateTime":"2026-11-24T12:50:00Z","ModifiedTime":"2026-11-24T13:00:00Z","CompleteTime":"2026-11-24T13:00:00Z"}}` + "\n",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, ""), strings.Join(want, ""))
	}
}

// TestFaultsThatPass checks that a temporary fault costs only one more try.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]producertest.Fault{
		"throttled":        {Status: 400, Code: "Throttling.User"},
		"too many":         {Status: 429},
		"unavailable":      {Status: 503, Code: "ServiceUnavailable"},
		"a proxy's 502":    {Status: 502, Body: "<html>"},
		"cut off":          {CutOff: true},
		"an internal one":  {Status: 500, Code: "InternalError"},
		"throttled by API": {Status: 400, Code: "Throttling.Api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, s := threePages(t)
			server.Fault = func(r producertest.Request) producertest.Fault {
				if r.Number%3 != 0 {
					return fault
				}
				return producertest.Fault{}
			}
			r, err := compare(t, events.IMS, fast(startServer(t, server)), s.open())
			if err != nil {
				t.Fatal(err)
			}
			if got := subjects(t, r); !slices.Equal(got, []string{"job111"}) || r.Ended != 250 {
				t.Errorf("%d ended, %q missing", r.Ended, got)
			}
			if n := len(server.Requests()); n != 9 {
				t.Errorf("%d requests, want 9", n)
			}
		})
	}
}

// threePages returns a server with three pages of jobs, and a store in which one is missing.
func threePages(t testing.TB) (*producertest.Server, testStore) {
	t.Helper()
	server, s := &producertest.Server{}, newStore(t)
	for i := range 250 {
		job, at := fmt.Sprintf("job%03d", i), noon.Add(time.Duration(i)*time.Minute)
		server.Jobs = append(server.Jobs, ended(job, "medium"+job, at))
		if i != 111 {
			s.add(job, "medium"+job, at)
		}
	}
	return server, s
}

// TestFaultsThatStay: whatever is wrong with any page, there is no result, the error says what it was, and
// repeats no secret.
func TestFaultsThatStay(t *testing.T) {
	t.Parallel()
	secrets := "you sent " + credentials.AccessKeyID + " " + credentials.AccessKeySecret + " " + credentials.SecurityToken
	for _, tt := range []struct {
		name     string
		fault    producertest.Fault
		requests int // after the first page
		says     string
	}{
		{"throttled", producertest.Fault{Status: 400, Code: "Throttling.User", Message: secrets}, maxTries, "ListMediaProducingJobs of 127.0.0.1:PORT: 400 Throttling.User, request 00000007-DB8D-4A9A-875B-275798000000 (try 6)"},
		{"unavailable", producertest.Fault{Status: 503, Code: credentials.AccessKeyID, Message: secrets}, maxTries, "503 Service Unavailable, request "},
		{"cut off", producertest.Fault{CutOff: true}, maxTries, "the answer is incomplete: unexpected EOF (try 6)"},
		{"forbidden", producertest.Fault{Status: 403, Code: "NoPermission", Message: secrets}, 1, "403 NoPermission, request 00000002-DB8D-4A9A-875B-275798000000: the credentials need ice:ListMediaProducingJobs on resource *"},
		{"wrong secret", producertest.Fault{Status: 400, Code: "SignatureDoesNotMatch", Message: secrets}, 1, "400 SignatureDoesNotMatch, request 00000002-DB8D-4A9A-875B-275798000000: the access key secret does not belong to this access key ID"},
		{"expired", producertest.Fault{Status: 400, Code: "InvalidSecurityToken.Expired", Message: secrets}, 1, "the access key is unknown or has expired"},
		{"redirected", producertest.Fault{Status: 302, Body: "{}"}, 1, "302 Found"},
		{"no JSON", producertest.Fault{Body: "<html>" + secrets}, 1, "the answer does not have the published form: invalid character '<' at start of value"},
		{"half of it", producertest.Fault{Body: `{"RequestId":"X","MediaProducingJobList":[{"JobId":"a"`}, 1, "the answer does not have the published form: unexpected EOF"},
		{"nothing", producertest.Fault{Body: " "}, 1, "the answer does not have the published form"},
		{"an array", producertest.Fault{Body: "[]"}, 1, `the answer does not have the published form: unexpected [ at ""`},
		{"no list", producertest.Fault{Body: "{}"}, 1, "the answer has no MediaProducingJobList"},
		{"another list", producertest.Fault{Body: `{"MediaProducingJobList":{}}`}, 1, `unexpected { at "/MediaProducingJobList"`},
		{"a name twice", producertest.Fault{Body: `{"MediaProducingJobList":[],"MediaProducingJobList":[]}`}, 1, "duplicate object member name"},
		{"an old token", producertest.Fault{Body: `{"MediaProducingJobList":[],"NextToken":"TOKEN"}`}, 1, "repeats the NextToken"},
		{"a job without ID", producertest.Fault{Body: `{"MediaProducingJobList":[{"Status":"Success"}]}`}, 1, `JobId: found "", want an ID`},
		{"a job with a long ID", producertest.Fault{Body: `{"MediaProducingJobList":[{"JobId":"` + strings.Repeat("j", 201) + `"}]}`}, 1, "want at most 200 bytes"},
		{"a job without end", producertest.Fault{Body: `{"MediaProducingJobList":[{"JobId":"j","Status":"Failed"}]}`}, 1, `job "j": CompleteTime: found "", want the time at which the job ended`},
		{"a time of another form", producertest.Fault{Body: `{"MediaProducingJobList":[{"JobId":"j","Status":"Success","CompleteTime":"2026-11-24 12:00:00"}]}`}, 1, `CompleteTime: found "2026-11-24 12:00:00", want a time such as`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, s := threePages(t)
			server.Fault = func(r producertest.Request) producertest.Fault {
				if r.Number == 1 {
					return producertest.Fault{}
				}
				fault := tt.fault
				fault.Body = strings.ReplaceAll(fault.Body, "TOKEN", r.Query["NextToken"])
				return fault
			}
			endpoint := startServer(t, server)
			r, err := compare(t, events.IMS, fast(endpoint), s.open())
			if err == nil || r != nil {
				t.Fatalf("result %+v, error %v", r, err)
			}
			text := strings.ReplaceAll(err.Error(), strings.TrimPrefix(endpoint, "http://"), "127.0.0.1:PORT")
			if !strings.Contains(text, tt.says) {
				t.Errorf("error %q, want %q", text, tt.says)
			}
			noSecret(t, text)
			if n := len(server.Requests()) - 1; n != tt.requests {
				t.Errorf("%d requests after the first, want %d", n, tt.requests)
			}
		})
	}
}

func noSecret(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{credentials.AccessKeyID, credentials.AccessKeySecret, credentials.SecurityToken, "Signature="} {
		if strings.Contains(text, secret) {
			t.Errorf("%q holds the secret %q", text, secret)
		}
	}
}

// TestWrongCredentials: a server that checks signatures repeats what it was sent; the error does not.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*record.Credentials){
		"400 SignatureDoesNotMatch":         func(c *record.Credentials) { c.AccessKeySecret = "another" },
		"404 InvalidAccessKeyId.NotFound":   func(c *record.Credentials) { c.AccessKeyID = "LTAI5tAnother" },
		"403 InvalidSecurityToken.Mismatch": func(c *record.Credentials) { c.SecurityToken = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := fast(startServer(t, &producertest.Server{}))
			change(&opts.Credentials)
			_, err := compare(t, events.IMS, opts, newStore(t).open())
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Fatalf("error %v, want %q", err, name)
			}
			noSecret(t, err.Error())
			for _, secret := range []string{opts.Credentials.AccessKeyID, opts.Credentials.SecurityToken} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q holds %q", err, secret)
				}
			}
		})
	}
}

func TestEndlessListing(t *testing.T) {
	t.Parallel()
	server := &producertest.Server{Fault: func(r producertest.Request) producertest.Fault {
		return producertest.Fault{Body: fmt.Sprintf(`{"MediaProducingJobList":[],"NextToken":"%d"}`, r.Number)}
	}}
	if _, err := compare(t, events.IMS, fast(startServer(t, server)), newStore(t).open()); err == nil || !strings.Contains(err.Error(), "101 empty pages in a row") {
		t.Errorf("error %v", err)
	}
}

// TestQuietService: a page without the list is an empty one, as long as it is an answer of the service.
func TestQuietService(t *testing.T) {
	t.Parallel()
	server := &producertest.Server{Fault: func(producertest.Request) producertest.Fault {
		return producertest.Fault{Body: `{"RequestId":"A","MaxResults":"100"}`}
	}}
	if r, err := compare(t, events.IMS, fast(startServer(t, server)), newStore(t).open()); err != nil || r.Ended != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]producertest.Fault{"no answer": {Hang: true}, "while waiting to try again": {Status: 503}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			server := &producertest.Server{Fault: func(producertest.Request) producertest.Fault {
				cancel(errors.New("Ctrl-C"))
				return fault
			}}
			opts := fast(startServer(t, server))
			opts.pause = time.Hour
			p, err := NewProducer(events.IMS, opts)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Comparison{Producer: p, Store: newStore(t).open(), Since: noon.Add(-time.Hour), Until: noon}.Run(ctx)
			if r != nil || err == nil || !strings.HasSuffix(err.Error(), "Ctrl-C") {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
}

// brokenStore fails to list the names.
type brokenStore struct{ store.Store }

func (brokenStore) Days(context.Context, string) ([]string, error) {
	return nil, errors.New("oss list: 503")
}

func TestNoStore(t *testing.T) {
	t.Parallel()
	server := &producertest.Server{Jobs: []producertest.Job{ended("j", "m", noon)}}
	endpoint := startServer(t, server)
	s := newStore(t)
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	for _, s := range []store.Store{s.open(), brokenStore{}} {
		r, err := compare(t, events.IMS, fast(endpoint), s)
		if _, ok := errors.AsType[*StoreError](err); r != nil || !ok {
			t.Errorf("%v, %v; want a StoreError", r, err)
		}
	}
	if len(server.Requests()) != 0 {
		t.Error("the producer was asked although there is no store")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opts Options
		host string
		says string
	}{
		{"ims", Options{Region: "cn-shanghai", Credentials: credentials}, "ice.cn-shanghai.aliyuncs.com", ""},
		{"vod", Options{Region: "cn-shanghai", Credentials: credentials}, "vod.cn-shanghai.aliyuncs.com", ""},
		{"ims", Options{Endpoint: "https://ice-vpc.cn-shanghai.aliyuncs.com/", Credentials: credentials}, "ice-vpc.cn-shanghai.aliyuncs.com", ""},
		{"ims", Options{Region: "cn-shanghai"}, "", "no credentials"},
		{"ims", Options{Credentials: credentials}, "", "no region"},
		{"mts", Options{Region: "cn-shanghai", Credentials: credentials}, "", `unknown producer "mts"`},
		{"ims", Options{Endpoint: "https://user:pass@host", Credentials: credentials}, "", "the URL must not contain credentials"},
		{"ims", Options{Endpoint: "https://host/path", Credentials: credentials}, "", "only a scheme and a host"},
		{"ims", Options{Endpoint: "ftp://host", Credentials: credentials}, "", "not an http or https URL"},
		{"ims", Options{Endpoint: "http://a b", Credentials: credentials}, "", "not an http or https URL"},
	} {
		p, err := NewProducer(events.Producer(tt.name), tt.opts)
		if tt.says != "" {
			if p != nil || err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%+v: %v, %v; want an error with %q", tt.opts.Endpoint, p, err, tt.says)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		a := apiOf(p)
		if a.host != tt.host || a.limit.Limit() != requestsPerSecond || a.limit.Burst() != 1 {
			t.Errorf("%s at %v requests a second; want %s at %d", a.host, a.limit.Limit(), tt.host, requestsPerSecond)
		}
	}
}

func apiOf(p Producer) *api {
	if v, ok := p.(*vodProducer); ok {
		return v.api
	}
	return p.(*imsProducer).api
}

func TestRefuseDebugging(t *testing.T) {
	t.Parallel()
	for value, refused := range map[string]bool{"": false, "1": false, "http": false, "dara": true, "sdk,tea": true, "credential": true} {
		if err := refuseDebugging(value); (err != nil) != refused {
			t.Errorf("DEBUG=%s: %v", value, err)
		}
	}
}

// TestLongAnswer: no answer is read without end.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	body := strings.Repeat(" ", maxAnswer+1)
	server := &producertest.Server{Fault: func(producertest.Request) producertest.Fault { return producertest.Fault{Body: body} }}
	_, err := compare(t, events.IMS, fast(startServer(t, server)), newStore(t).open())
	if err == nil || !strings.Contains(err.Error(), "longer than 16777216 bytes") {
		t.Errorf("error %v", err)
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	server := (&producertest.Server{}).Start()
	server.Close()
	_, err := compare(t, events.IMS, fast(server.URL), newStore(t).open())
	if err == nil || !strings.Contains(err.Error(), "connection refused (try 6)") || strings.Contains(err.Error(), "StartTime") {
		t.Errorf("error %v", err)
	}
}

var _ http.Handler = (*producertest.Server)(nil)
