package osstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// faulty starts a server whose requests all suffer f, and tells of each on the channel.
func faulty(t *testing.T, f Fault) (*Server, *oss.Bucket, <-chan Request) {
	t.Helper()
	s := start(t, Config{})
	seen := make(chan Request, 100)
	s.SetFault(func(r Request) Fault {
		seen <- r
		return f
	})
	return s, sdk(t, s, testCredentials), seen
}

// wantStored checks whether "a" is there, once, and what Stats says of the fault.
func wantStored(t *testing.T, s *Server, stored bool, faults ...string) {
	t.Helper()
	want := 0
	if stored {
		want = 1
	}
	if n := s.Stored(testBucket, "a"); n != want {
		t.Errorf("stored %d times, want %d", n, want)
	}
	if _, ok := s.Object(testBucket, "a"); ok != stored {
		t.Errorf("object is there: %t", ok)
	}
	got := s.Stats().Faults
	if len(got) != len(faults) {
		t.Errorf("faults are %v, want %v", got, faults)
	}
	for _, name := range faults {
		if got[name] != 1 {
			t.Errorf("faults are %v, want %v", got, faults)
		}
	}
}

func TestFaultStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault Fault
		code  string
	}{
		{Fault{Status: 500}, "InternalError"},
		{Fault{Status: 503}, "ServiceUnavailable"},
		{Fault{Status: 403}, "AccessDenied"},
		{Fault{Status: 503, Code: "PartitionQpsLimited"}, "PartitionQpsLimited"},
		{Fault{Status: 409, Code: "FileAlreadyExists"}, "FileAlreadyExists"},
	} {
		s, b, _ := faulty(t, tt.fault)
		wantError(t, put(b, "a", "x"), tt.fault.Status, tt.code)
		wantStored(t, s, false, FaultStatus)
		if x := s.Requests()[0]; x.Status != tt.fault.Status || x.Code != tt.code || x.Fault != tt.fault {
			t.Errorf("log says %+v", x)
		}
	}
}

func TestFaultHTML(t *testing.T) {
	t.Parallel()
	for status, f := range map[int]Fault{502: {HTML: true}, 504: {HTML: true, Status: 504}} {
		s, b, _ := faulty(t, f)
		err := put(b, "a", "x")
		if err == nil || errors.As(err, new(oss.ServiceError)) {
			t.Errorf("error is %v", err)
		}
		wantStored(t, s, false, FaultHTML)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/examplebucket/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, body := do(t, r); got != status || !strings.HasPrefix(body, "<html>") {
			t.Errorf("answer is %d %s", got, body)
		}
	}
}

func TestFaultReset(t *testing.T) {
	t.Parallel()
	for _, how := range []Break{ResetBefore, ResetAfter} {
		s, b, _ := faulty(t, Fault{Break: how})
		if err := put(b, "a", "x"); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: error is %v", how, err)
		}
		wantStored(t, s, how == ResetAfter, string(how))
		s.SetFault(nil)
		err := put(b, "a", "x", oss.ForbidOverWrite(true))
		if how == ResetAfter {
			wantError(t, err, 409, "FileAlreadyExists")
		} else if err != nil {
			t.Error(err)
		}
	}
}

func TestFaultHang(t *testing.T) {
	t.Parallel()
	for _, how := range []Break{Hang, HangAfterStore} {
		s, b, seen := faulty(t, Fault{Break: how})
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- put(b, "a", "x", oss.WithContext(ctx)) }()
		<-seen
		if how == HangAfterStore {
			await(t, func() bool { return s.Stored(testBucket, "a") == 1 })
		}
		select {
		case err := <-result:
			t.Errorf("%s: answered: %v", how, err)
		default:
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", how, err)
		}
		if err := s.Close(); err != nil { // waits for the handler
			t.Error(err)
		}
		wantStored(t, s, how == HangAfterStore, string(how))
	}
}

// await polls, since nothing announces what it waits for. The test's own deadline bounds it.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	for !condition() {
		select {
		case <-t.Context().Done():
			t.Fatal("test ended")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	t.Parallel()
	for _, f := range []Fault{{Break: Hang}, {Break: HangAfterStore}, {Delay: 24 * time.Hour}} {
		s, b, seen := faulty(t, f)
		const clients = 8
		result := make(chan error, clients)
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
			if err := <-result; err == nil {
				t.Errorf("%+v: a hanging request succeeded", f)
			}
		}
	}
}

func TestFaultTruncate(t *testing.T) {
	t.Parallel()
	s, b, _ := faulty(t, Fault{Break: Truncate})
	if err := put(b, "a", "x"); err == nil || errors.As(err, new(oss.ServiceError)) {
		t.Errorf("error is %v", err)
	}
	wantStored(t, s, true, string(Truncate))

	// Of a long answer the cut is in the body.
	s.SetFault(nil)
	if err := put(b, "a", strings.Repeat("x", 10000)); err != nil {
		t.Fatal(err)
	}
	s.SetFault(func(Request) Fault { return Fault{Break: Truncate} })
	r, err := b.GetObject("a")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	_ = r.Close()
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 || len(body) >= 10000 {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

func TestFaultDelay(t *testing.T) {
	t.Parallel()
	const delay = 20 * time.Millisecond
	s, b, _ := faulty(t, Fault{Delay: delay})
	began := time.Now()
	if err := put(b, "a", "x"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("answered after %v", took)
	}
	wantStored(t, s, true, FaultDelay)
}

func TestFaultDelayOutlastsClient(t *testing.T) {
	t.Parallel()
	s, b, seen := faulty(t, Fault{Delay: 24 * time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-seen
		cancel()
	}()
	if err := put(b, "a", "x", oss.WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wantStored(t, s, false, FaultDelay)
}

func TestFaultCombined(t *testing.T) {
	t.Parallel()
	s, b, _ := faulty(t, Fault{Delay: time.Millisecond, Status: 503, Break: Truncate})
	if err := put(b, "a", "x"); err == nil || errors.As(err, new(oss.ServiceError)) {
		t.Errorf("error is %v", err)
	}
	wantStored(t, s, false, FaultDelay, FaultStatus, string(Truncate))
}

// TestFaultHook sees what the hook is told: it fails the first request for each key, whoever sends it.
func TestFaultHook(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	b := sdk(t, s, testCredentials)
	var told []Request
	s.SetFault(func(r Request) Fault { // one request at a time here
		told = append(told, r)
		if r.Method == http.MethodPut && r.Before == 0 {
			return Fault{Status: 500}
		}
		return Fault{}
	})
	for _, key := range []string{"a", "b", "a"} {
		err := put(b, key, "x")
		if (err == nil) != (len(told) == 3) {
			t.Errorf("put %q: %v", key, err)
		}
	}
	if _, err := b.ListObjectsV2(oss.Prefix("a")); err != nil {
		t.Fatal(err)
	}
	var seqs, befores []int
	for _, r := range told {
		seqs, befores = append(seqs, r.Seq), append(befores, r.Before)
	}
	if !slices.Equal(seqs, []int{1, 2, 3, 4}) || !slices.Equal(befores, []int{0, 0, 1, 0}) {
		t.Errorf("told %v, %v", seqs, befores)
	}
	if last := told[3]; last.Key != "" || last.Bucket != testBucket || !strings.Contains(last.Query, "prefix=a") {
		t.Errorf("told %+v", last)
	}
}

// TestFaultsInTraffic has clients that repeat until told that their object is there, against a server
// that fails most requests in some way and is asked for its counts all the while: each object is
// stored once, whatever was lost on the way.
func TestFaultsInTraffic(t *testing.T) {
	t.Parallel()
	const clients, keys = 16, 20
	s := start(t, Config{LogSize: 10})
	b := sdk(t, s, testCredentials)
	ways := []Fault{
		{}, {Status: 503}, {HTML: true}, {Break: ResetBefore}, {Break: ResetAfter}, {Break: Truncate},
		{Delay: time.Millisecond}, {Break: Hang}, {Break: HangAfterStore},
	}
	s.SetFault(func(r Request) Fault { return ways[r.Seq%len(ways)] })

	stored := func(key string) bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // ends what hangs
		defer cancel()
		err := put(b, key, key, oss.ForbidOverWrite(true), oss.WithContext(ctx))
		var se oss.ServiceError
		return err == nil || errors.As(err, &se) && se.Code == "FileAlreadyExists"
	}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for key := range keys {
				for tries := 0; !stored(fmt.Sprint(key)); tries++ {
					if tries == 100 {
						t.Errorf("key %d cannot be stored", key)
						return
					}
				}
				_, _ = s.Stats(), s.Requests()
			}
		})
	}
	wg.Wait()
	stats := s.Stats()
	if stats.Objects != keys || stats.Stored != keys || stats.Doubled != 0 {
		t.Errorf("stats are %+v", stats)
	}
	for _, f := range ways[1:] {
		if name := f.names()[0]; stats.Faults[name] == 0 {
			t.Errorf("no %s among %v", name, stats.Faults)
		}
	}
}
