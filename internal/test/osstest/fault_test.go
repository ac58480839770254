package osstest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// TestFaults sends one request by hand into every kind of fault, and looks at the answer and at what is stored.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault  Fault
		answer string // beginning with the status; or the error
		id     bool   // whether the answer has x-oss-request-id
		stored string
	}{
		{Fault{}, "200", true, "body"},
		{Fault{Delay: time.Millisecond}, "200", true, "body"},
		{Fault{Damage: true}, "200", true, "boey"},
		{Fault{Status: 500}, "500 InternalError", true, ""},
		{Fault{Status: 503}, "503 ServiceUnavailable", true, ""},
		{Fault{Status: 408}, "408 RequestTimeout", true, ""},
		{Fault{Status: 408, HTML: true}, "408 <html>", false, ""},
		{Fault{Status: 403}, "403 AccessDenied", true, ""},
		{Fault{Status: 409, Code: "FileAlreadyExists"}, "409 FileAlreadyExists", true, ""},
		{Fault{Status: 201}, "201", true, ""},
		{Fault{Status: 204}, "204", true, ""},
		{Fault{Status: 200, HTML: true}, "200 <html>", false, ""},
		{Fault{HTML: true}, "502 <html>", false, ""},
		{Fault{Break: ResetBefore}, "connection reset", false, ""},
		{Fault{Break: ResetAfter}, "connection reset", false, "body"},
		{Fault{Break: Hang}, "deadline exceeded", false, ""},
		{Fault{Break: HangAfterStore}, "deadline exceeded", false, "body"},
		{Fault{Delay: time.Hour}, "deadline exceeded", false, ""},
		{Fault{Break: Truncate}, "transport connection broken", false, "body"},
		{Fault{Break: Truncate, Status: 500}, "500 unexpected EOF", true, ""},
		{Fault{Break: Endless}, "200 endless", true, "body"},
		{Fault{Break: Endless, Status: 503}, "503 endless", true, ""},
		{Fault{Break: Endless, Status: 200, HTML: true}, "200 endless", false, ""},
	} {
		t.Run(fmt.Sprintf("%+v", tt.fault), func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{Now: func() time.Time { return exampleTime }})
			s.SetCredentials(handSigned[1].credentials)
			s.SetFault(func(Request) Fault { return tt.fault })
			wait := time.Minute
			if tt.answer == "deadline exceeded" {
				wait = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			answer, id := send(ctx, t, s)
			if !strings.HasPrefix(answer, tt.answer) || id != tt.id {
				t.Errorf("answer %q, with an ID of OSS %t; want %q, %t", answer, id, tt.answer, tt.id)
			}
			if err := s.Close(); err != nil { // waits for what hangs
				t.Error(err)
			}
			if body, _ := s.Object(testBucket, handSigned[1].key); string(body) != tt.stored {
				t.Errorf("stored %q, want %q", body, tt.stored)
			}
		})
	}
}

// send puts "body" and returns status and code, the beginning of a page, or how it went wrong.
func send(ctx context.Context, t *testing.T, s *Server) (answer string, id bool) {
	t.Helper()
	hand := handSigned[1]
	r, err := http.NewRequestWithContext(ctx, hand.method, s.URL()+hand.path, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = hand.host
	for name, value := range hand.header {
		r.Header.Set(name, value)
	}
	r.Header.Set("Authorization", hand.authorization)
	response, err := new(http.Transport).RoundTrip(r)
	if err != nil {
		for _, words := range []string{"connection reset", "deadline exceeded", "transport connection broken"} {
			if strings.Contains(err.Error(), words) {
				return words, false
			}
		}
		return err.Error(), false
	}
	defer response.Body.Close()
	id = response.Header.Get("X-Oss-Request-Id") != ""
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	_, code, _ := strings.Cut(string(body), "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	switch {
	case err != nil:
		code = err.Error()
	case len(body) == most:
		code = "endless"
	case strings.HasPrefix(string(body), "<html>"):
		code = "<html>"
	}
	return fmt.Sprint(response.StatusCode, " ", code), id
}

// TestDamageIsNoticed has a body changed on the way whose sender says what it should be.
func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	s.SetFault(func(Request) Fault { return Fault{Damage: true} })
	wantError(t, put(sdk(t, s, testCredentials), "a", "123", oss.ContentMD5("ICy5YqxZB1uWSwcVLSNLcA==")), 400, "InvalidDigest")
	if stats := s.Stats(); stats.Stored != 0 {
		t.Error("the damaged body is stored")
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	t.Parallel()
	for _, f := range []Fault{{Break: Hang}, {Break: HangAfterStore}, {Break: Endless}, {Delay: 24 * time.Hour}} {
		s := start(t, Config{})
		b := sdk(t, s, testCredentials)
		const clients = 8
		seen, result := make(chan Request, clients), make(chan error, clients)
		s.SetFault(func(r Request) Fault {
			seen <- r
			return f
		})
		for range clients {
			go func() { result <- put(b, "a", "x") }()
		}
		for range clients {
			<-seen
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for range clients {
			if err := <-result; err == nil && f.Break != Endless { // the client may be content with the header
				t.Errorf("%+v: a hanging request succeeded", f)
			}
		}
	}
}

// TestFaultHook checks what the hook is told: it fails the first request for each key.
func TestFaultHook(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	var told []string
	s.SetFault(func(r Request) Fault { // one request at a time here
		told = append(told, fmt.Sprintf("%d %s %s/%s %d %t", r.Seq, r.Method, r.Bucket, r.Key, r.Before, strings.Contains(r.Query, "prefix=a")))
		if r.Method == http.MethodPut && r.Before == 0 {
			return Fault{Status: 500}
		}
		return Fault{}
	})
	for i, key := range []string{"a", "b", "a"} {
		if err := put(b, key, "x"); (err == nil) != (i == 2) {
			t.Errorf("put %q: %v", key, err)
		}
	}
	if _, err := b.ListObjectsV2(oss.Prefix("a")); err != nil {
		t.Fatal(err)
	}
	want := "[1 PUT examplebucket/a 0 false 2 PUT examplebucket/b 0 false 3 PUT examplebucket/a 1 false 4 GET examplebucket/ 0 true]"
	if fmt.Sprint(told) != want {
		t.Errorf("told %s, want %s", told, want)
	}
}
