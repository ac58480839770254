package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vod-callback/recorder/internal/test/producertest"
)

// serveJobs starts a server that plays IMS and VOD with what is in a file, and sets the environment to
// ask it: jobs FILE [throttled|forbidden]. Throttled, every second request fails; forbidden, all do but the
// first.
func serveJobs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: jobs FILE [throttled|forbidden]")
	}
	server := &producertest.Server{}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), server))
	server.Credentials = producertest.Credentials{AccessKeyID: "LTAI5tExampleKeyId", AccessKeySecret: "ExampleSecret", SecurityToken: "CAISExampleToken"}
	fault := strings.Join(args[1:], "")
	server.Fault = func(r producertest.Request) producertest.Fault {
		switch {
		case fault == "throttled" && r.Number%2 == 1:
			return producertest.Fault{Status: http.StatusBadRequest, Code: "Throttling.User"}
		case fault == "forbidden" && r.Number > 1:
			return producertest.Fault{Status: http.StatusForbidden, Code: "NoPermission", Message: "LTAI5tExampleKeyId may not"}
		}
		return producertest.Fault{}
	}
	listening := server.Start()
	ts.Defer(listening.Close)
	ts.Setenv("API", listening.URL)
	ts.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", server.Credentials.AccessKeyID)
	ts.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", server.Credentials.AccessKeySecret)
	ts.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", server.Credentials.SecurityToken)
}

func TestReconcileFlags(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		request reconcileRequest
		want    string // the time range, or the error
	}{
		{reconcileRequest{since: "24h", until: "15m", longest: "24h"}, "2026-11-24T12:00:00Z 2026-11-25T11:45:00Z 24h0m0s"},
		{reconcileRequest{since: "7d", until: "1h", longest: "1d12h", sinceGiven: true}, "2026-11-18T12:00:00Z 2026-11-25T11:00:00Z 36h0m0s"},
		{reconcileRequest{since: "24h", until: "2026-11-20", longest: "0s", untilGiven: true}, "2026-11-20T00:00:00Z 2026-11-21T00:00:00Z 0s"},
		{reconcileRequest{since: "10m", until: "15m", longest: "24h", sinceGiven: true}, `--since "10m" is not before --until "15m"`},
		{reconcileRequest{since: "soon", until: "15m", longest: "24h", sinceGiven: true}, `--since "soon": want`},
		{reconcileRequest{since: "24h", until: "soon", longest: "24h"}, `--until "soon": want`},
		{reconcileRequest{since: "24h", until: "15m", longest: "long"}, `--longest "long": want`},
		{reconcileRequest{since: "24h", until: "15m", longest: "24h", producer: "mts"}, `--producer "mts": want ims or vod`},
		{reconcileRequest{since: "24h", until: "15m", longest: "24h", region: "oss-cn-shanghai"}, `--region "oss-cn-shanghai": want`},
		{reconcileRequest{since: "24h", until: "15m", longest: "24h", format: "xml"}, `-o "xml": want`},
	} {
		r := tt.request
		r.utc = true
		if r.producer == "" {
			r.producer = "ims"
		}
		if r.format == "" {
			r.format = "table"
		}
		err := r.parse(now)
		got := fmt.Sprint(r.span.since.Format(time.RFC3339), " ", r.span.until.Format(time.RFC3339), " ", r.longestSpan)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%+v: %s, want %s", tt.request, got, tt.want)
		}
	}
}
