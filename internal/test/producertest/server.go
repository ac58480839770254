// Package producertest simulates the APIs of Intelligent Media Services and ApsaraVideo VOD that list edits: a real HTTP
// handler for tests, offline. It follows the documentation, not the code of an SDK, so that a client that signs or
// pages incorrectly fails in the same way as with the service.
//
// It supports ListMediaProducingJobs of IMS, and SearchMedia, GetVideoList and GetVideoInfos of VOD. Every
// request has to carry an ACS3-HMAC-SHA256 signature. A Fault makes single requests fail the way networks and
// overloaded services do.
package producertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// Credentials are what requests have to be signed with.
type Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// A Server simulates both services. It is an http.Handler; Start makes it listen. Set its exported fields before the
// first request.
type Server struct {
	Credentials Credentials
	Jobs        []Job   // of IMS
	Videos      []Video // of VOD
	// Fault is called for every request, if it is not nil.
	Fault func(Request) Fault

	mu       sync.Mutex
	requests []Request
	nonces   map[string]bool
	sorted   bool
}

// A Request is a received request.
type Request struct {
	Number int // from 1
	Action string
	Query  map[string]string
	Time   time.Time
}

// A Fault describes what goes wrong with a request. The zero Fault means no fault.
type Fault struct {
	Status  int    // an error with this status
	Code    string // of the error, such as Throttling.User
	Message string
	Body    string // in place of the answer, with status 200 unless Status is set
	CutOff  bool   // the connection breaks in the middle of the answer
	Hang    bool   // no answer, until the client gives up
}

// A Job is an item of MediaProducingJobList.
type Job struct {
	JobID        string  `json:"JobId"`
	ProjectID    string  `json:"ProjectId,omitempty"`
	MediaID      string  `json:"MediaId,omitempty"`
	MediaURL     string  `json:",omitempty"`
	TemplateID   string  `json:"TemplateId,omitempty"`
	ClipsParam   string  `json:",omitempty"`
	Duration     float64 `json:",omitempty"`
	Status       string
	Code         string `json:",omitempty"`
	Message      string `json:",omitempty"`
	CreateTime   string
	ModifiedTime string `json:",omitempty"`
	CompleteTime string `json:",omitempty"`
	UserData     string `json:",omitempty"`
}

// A Video is a media asset of VOD.
type Video struct {
	VideoID          string `json:"VideoId"`
	Title            string
	Status           string
	MediaSource      string `json:",omitempty"` // GetVideoList and GetVideoInfos leave it out
	CreationTime     string
	ModificationTime string `json:",omitempty"`
	UserData         string `json:",omitempty"` // only GetVideoInfos has it
}

// Start makes the server listen on a free port of the loopback interface, until the returned server is
// closed.
func (s *Server) Start() *httptest.Server { return httptest.NewServer(s) }

// Requests returns the requests received so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := s.arrive(r)
	var fault Fault
	if s.Fault != nil {
		fault = s.Fault(request)
	}
	if fault.Hang {
		<-r.Context().Done()
		return
	}
	status, answer := s.answer(r, request, fault)
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	if fault.CutOff {
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		w.WriteHeader(status)
		_, _ = w.Write(answer[:len(answer)/2]) //nolint:gosec // G705: JSON for a test, not for a browser
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer) //nolint:gosec // G705: JSON for a test, not for a browser
}

// arrive notes a request.
func (s *Server) arrive(r *http.Request) Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.sorted {
		slices.SortStableFunc(s.Jobs, func(a, b Job) int { return strings.Compare(a.CreateTime, b.CreateTime) })
		slices.SortStableFunc(s.Videos, func(a, b Video) int { return strings.Compare(a.CreationTime, b.CreationTime) })
		s.sorted = true
	}
	query := map[string]string{}
	for name, values := range r.URL.Query() {
		query[name] = values[0]
	}
	request := Request{Number: len(s.requests) + 1, Action: r.Header.Get("X-Acs-Action"), Query: query, Time: time.Now()}
	s.requests = append(s.requests, request)
	return request
}

// answer returns status and body.
func (s *Server) answer(r *http.Request, request Request, fault Fault) (int, []byte) {
	err := s.authenticate(r)
	var said any
	if err == nil {
		said, err = s.act(request, r.Header.Get("X-Acs-Version"))
	}
	switch {
	case fault.Status != 0 && fault.Body == "":
		err = &failure{fault.Status, fault.Code, fault.Message}
	case fault.Body != "":
		return max(fault.Status, http.StatusOK), []byte(fault.Body)
	}
	requestID := fmt.Sprintf("%08X-DB8D-4A9A-875B-275798000000", request.Number)
	if f, ok := err.(*failure); ok { //nolint:errorlint // no other type is returned
		return f.status, encode(map[string]string{
			"RequestId": requestID, "HostId": r.Host, "Code": f.code, "Message": f.message,
			"Recommend": "https://api.aliyun.com/troubleshoot?q=" + f.code,
		})
	}
	body := said.(map[string]any)
	body["RequestId"] = requestID
	return http.StatusOK, encode(body)
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}

// A failure is an answer of another status than 200.
type failure struct {
	status        int
	code, message string
}

func (f *failure) Error() string { return f.code }

// act does what the action asks for.
func (s *Server) act(r Request, version string) (any, error) {
	actions := map[string]struct {
		version string
		do      func(map[string]string) (any, error)
	}{
		"ListMediaProducingJobs": {"2020-11-09", s.listJobs},
		"SearchMedia":            {"2017-03-21", s.searchMedia},
		"GetVideoList":           {"2017-03-21", s.getVideoList},
		"GetVideoInfos":          {"2017-03-21", s.getVideoInfos},
	}
	action, ok := actions[r.Action]
	if !ok || action.version != version {
		return nil, &failure{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."}
	}
	return action.do(r.Query)
}
