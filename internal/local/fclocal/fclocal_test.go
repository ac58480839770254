package fclocal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/vod-callback/recorder/internal/local/fclocal"
)

// TestMain is the function under test when it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv("FC_RUNTIME_API") != "" {
		fc.Start(function)
	}
	os.Exit(m.Run())
}

// function does as its payload says.
func function(ctx context.Context, payload []byte) (json.RawMessage, error) {
	switch string(payload) {
	case "error":
		return nil, fmt.Errorf("as asked")
	case "panic":
		panic("as asked")
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "context":
		c, _ := fccontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return json.Marshal(map[string]any{
			"requestId": c.RequestID, "region": c.Region, "account": c.AccountId, "credentials": c.Credentials,
			"function": c.Function.Name, "timeout": c.Function.Timeout, "left": time.Until(deadline).Seconds(), "env": os.Getenv("SOME_VARIABLE"),
		})
	}
	return json.Marshal(string(payload))
}

func start(t *testing.T, opts fclocal.Options) *fclocal.Runtime {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	opts.Function = exe
	rt, err := fclocal.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	return rt
}

func TestInvoke(t *testing.T) {
	t.Parallel()
	rt := start(t, fclocal.Options{Timeout: time.Minute})
	for _, tt := range []struct {
		payload, answer, errorType string
	}{
		{"hello", `"hello"`, ""},
		{"error", `"errorMessage":"as asked"`, "HandledInvocationError"},
		{"panic", `"errorMessage":"as asked"`, "UnhandledInvocationError"},
		{"after a panic", `"after a panic"`, ""},
		{"exit", "Function instance ended: exit status 3", "UnhandledInvocationError"},
		{"after an exit", `"after an exit"`, ""},
	} {
		resp, err := rt.Invoke(t.Context(), []byte(tt.payload))
		if err != nil || !strings.Contains(string(resp.Payload), tt.answer) || resp.ErrorType != tt.errorType || resp.Failed != (tt.errorType != "") {
			t.Errorf("%s: %s, %v %s, %v; want …%s…, %s", tt.payload, resp.Payload, resp.Failed, resp.ErrorType, err, tt.answer, tt.errorType)
		}
	}
	rt.Kill()
	if resp, err := rt.Invoke(t.Context(), []byte("after a crash")); err != nil || resp.Failed {
		t.Errorf("after a crash: %s, %v", resp.Payload, err)
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if _, err := rt.Invoke(t.Context(), nil); err == nil {
		t.Error("a closed runtime answers")
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	rt := start(t, fclocal.Options{Timeout: time.Second})
	for range 2 { // the second goes to another instance
		resp, err := rt.Invoke(t.Context(), []byte("hang"))
		if err != nil || !resp.Failed || !strings.Contains(string(resp.Payload), "Function timed out after 1s") || resp.ErrorType != "UnhandledInvocationError" {
			t.Errorf("%s, %v %s, %v; want a time-out", resp.Payload, resp.Failed, resp.ErrorType, err)
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	ctx := fclocal.Context{FunctionName: "f", Region: "cn-shanghai", AccountID: "123", AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token"}
	rt := start(t, fclocal.Options{Timeout: 90 * time.Second, Context: ctx, Env: []string{"SOME_VARIABLE=first", "SOME_VARIABLE=last"}})
	resp, err := rt.Invoke(t.Context(), []byte("context"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		RequestID, Region, Account, Function, Env string
		Timeout                                   int
		Left                                      float64
		Credentials                               struct{ AccessKeyID, AccessKeySecret, SecurityToken string }
	}
	if err := json.Unmarshal(resp.Payload, &got); err != nil {
		t.Fatal(err)
	}
	if got.RequestID != resp.RequestID || got.Region != ctx.Region || got.Account != ctx.AccountID || got.Function != ctx.FunctionName ||
		got.Timeout != 90 || got.Left < 60 || got.Left > 90 || got.Env != "last" ||
		got.Credentials != struct{ AccessKeyID, AccessKeySecret, SecurityToken string }{"id", "secret", "token"} {
		t.Errorf("the function was told %s", resp.Payload)
	}
	rt.SetContext(fclocal.Context{Region: "cn-beijing"})
	if resp, err = rt.Invoke(t.Context(), []byte("context")); err != nil || !bytes.Contains(resp.Payload, []byte("cn-beijing")) || bytes.Contains(resp.Payload, []byte("secret")) {
		t.Errorf("after SetContext: %s, %v", resp.Payload, err)
	}
}

func TestSideBySide(t *testing.T) {
	t.Parallel()
	rt := start(t, fclocal.Options{Concurrency: 8})
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			want := fmt.Sprintf(`"%d"`, i)
			if resp, err := rt.Invoke(t.Context(), []byte(fmt.Sprint(i))); err != nil || string(resp.Payload) != want {
				t.Errorf("%s, %v; want %s", resp.Payload, err, want)
			}
		})
	}
	group.Wait()
}

func TestStartTells(t *testing.T) {
	t.Parallel()
	if _, err := fclocal.Start(fclocal.Options{Function: "/nowhere/main"}); err == nil || !strings.Contains(err.Error(), "/nowhere/main") {
		t.Errorf("error %v", err)
	}
}
