// Package fclocal runs a Function Compute function without the cloud: it serves the runtime API that the
// SDK speaks, starts the function's executable against it, and hands it one payload after the other, with
// the context and the limits of the real service.
//
// It follows github.com/aliyun/fc-runtime-go-sdk v0.3.1, which is the API's only published description.
package fclocal

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// Options say how the function runs. Only Function is required.
type Options struct {
	Function string   // the executable's path
	Env      []string // NAME=VALUE, on top of this process's environment; the last of a name counts
	// Timeout is how long one invocation may take; then the instance is killed, as FC does. 0 is 10 s.
	Timeout time.Duration
	// Concurrency is how many invocations an instance has at a time. 0 is 1, FC's number for built-in runtimes.
	Concurrency int
	Log         io.Writer // the function's standard output and error; nil: nowhere
	Context     Context
}

// A Context is what FC tells the function about itself with each invocation. Empty parts are not sent.
type Context struct {
	FunctionName, Region, AccountID             string
	AccessKeyID, AccessKeySecret, SecurityToken string
}

// ContextFromEnv returns the context that the environment's usual variables describe.
func ContextFromEnv(getenv func(string) string) Context {
	return Context{
		FunctionName:    getenv("FC_FUNCTION_NAME"),
		Region:          getenv("FC_REGION"),
		AccountID:       getenv("FC_ACCOUNT_ID"),
		AccessKeyID:     getenv("ALIBABA_CLOUD_ACCESS_KEY_ID"),
		AccessKeySecret: getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
		SecurityToken:   getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
	}
}

// A Response is what an invocation came to.
type Response struct {
	RequestID string
	// Payload is the function's answer; where it Failed, a JSON object with errorMessage and errorType.
	Payload []byte
	Failed  bool
	// ErrorType is FC's X-Fc-Error-Type of a failure: HandledInvocationError for an error that the function
	// returned, UnhandledInvocationError for a panic, a time-out or an exit.
	ErrorType string
	Duration  time.Duration
}

// A Runtime runs one instance of a function at a time. It is safe for concurrent use.
type Runtime struct {
	opts  Options
	slots chan struct{} // one for each invocation that an instance may have

	mu       sync.Mutex
	instance *instance
	context  Context
	closed   bool
}

// Start starts the function, with a runtime API on a free port of the loopback interface. The error says
// why the executable cannot be started; a function that exits by itself is noticed by Invoke.
func Start(opts Options) (*Runtime, error) {
	opts.Timeout = cmp.Or(opts.Timeout, 10*time.Second)
	opts.Concurrency = cmp.Or(opts.Concurrency, 1)
	r := &Runtime{opts: opts, slots: make(chan struct{}, opts.Concurrency), context: opts.Context}
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	if r.instance, err = r.startInstance(); err != nil {
		return nil, err
	}
	return r, nil
}

// Close kills the function and ends the API.
func (r *Runtime) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.instance.kill()
	return r.instance.server.Close()
}

// Kill ends the running instance at once, as a crash of its host would. The next invocation starts
// another one.
func (r *Runtime) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instance.kill()
}

// SetContext changes what the following invocations are told, such as newer credentials.
func (r *Runtime) SetContext(c Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.context = c
}

// PID returns the process ID of the running instance.
func (r *Runtime) PID() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.instance.cmd.Process.Pid
}

// Invoke hands payload to the function and waits for its answer. An error means that there was nothing
// to hand it to; that an invocation failed is a Response.
func (r *Runtime) Invoke(ctx context.Context, payload []byte) (Response, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return Response{}, ctx.Err()
	}
	inst, err := r.running()
	if err != nil {
		return Response{}, err
	}
	return inst.invoke(ctx, payload, r.headers(), r.opts.Timeout)
}

// running returns the instance, a new one if the last has ended.
func (r *Runtime) running() (*instance, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("the local runtime is closed")
	}
	select {
	case <-r.instance.done:
		inst, err := r.startInstance()
		if err != nil {
			return nil, err
		}
		r.instance = inst
	default:
	}
	return r.instance, nil
}

// headers are those of the runtime API that are the same for every invocation.
func (r *Runtime) headers() http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := http.Header{}
	for name, value := range map[string]string{
		"x-fc-function-name":     cmp.Or(r.context.FunctionName, "local"),
		"x-fc-function-handler":  "main",
		"x-fc-function-memory":   "128",
		"x-fc-region":            r.context.Region,
		"x-fc-account-id":        r.context.AccountID,
		"x-fc-access-key-id":     r.context.AccessKeyID,
		"x-fc-access-key-secret": r.context.AccessKeySecret,
		"x-fc-security-token":    r.context.SecurityToken,
		"x-fc-qualifier":         "LATEST",
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// startInstance starts the executable with a runtime API of its own: what an earlier instance asked for
// last, and may still be read from its connection, must not take a payload that is meant for this one.
// r.mu is held.
func (r *Runtime) startInstance() (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("local runtime API: %w", err)
	}
	inst := &instance{
		pending:  make(chan *invocation),
		underway: map[string]*invocation{},
		done:     make(chan struct{}),
	}
	inst.server = &http.Server{Handler: inst.routes(), ReadHeaderTimeout: 10 * time.Second}
	go inst.server.Serve(listener)           //nolint:errcheck // it ends with the process, or with Close
	inst.cmd = exec.Command(r.opts.Function) //nolint:gosec // G204: running the named program is the purpose
	inst.cmd.Env = append(os.Environ(),
		"FC_FUNC_CODE_PATH=/code", "FC_FUNCTION_HANDLER=main", "FC_FUNCTION_MEMORY_SIZE=128",
		"FC_FUNCTION_NAME="+cmp.Or(r.context.FunctionName, "local"))
	inst.cmd.Env = append(inst.cmd.Env, r.opts.Env...)
	inst.cmd.Env = append(inst.cmd.Env, "FC_RUNTIME_API="+listener.Addr().String())
	inst.cmd.Stdout, inst.cmd.Stderr = r.opts.Log, r.opts.Log
	if err := inst.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the function: %w", err), inst.server.Close())
	}
	go inst.wait()
	return inst, nil
}

// routes is the runtime API.
func (i *instance) routes() http.Handler {
	const base = "/2020-11-11/runtime/invocation/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"next", i.next)
	mux.HandleFunc("POST "+base+"{id}/response", func(w http.ResponseWriter, req *http.Request) {
		i.answer(w, req, false)
	})
	mux.HandleFunc("POST "+base+"{id}/error", func(w http.ResponseWriter, req *http.Request) {
		i.answer(w, req, true)
	})
	return mux
}

// An instance is one process of the function.
type instance struct {
	cmd     *exec.Cmd
	server  *http.Server // its runtime API
	pending chan *invocation
	done    chan struct{} // closed when the process has ended

	mu       sync.Mutex
	underway map[string]*invocation
}

// An invocation is one payload on its way.
type invocation struct {
	id      string
	payload []byte
	header  http.Header
	answer  chan Response // has room for one, so that nobody waits for a reader that has left
}

func (i *instance) wait() {
	_ = i.cmd.Wait() // how it ended is asked of ProcessState
	close(i.done)
	_ = i.server.Close() // nobody is left to be told
}

func (i *instance) kill() {
	_ = i.cmd.Process.Kill() // an ended one is as good
	<-i.done
}

func (i *instance) invoke(ctx context.Context, payload []byte, header http.Header, timeout time.Duration) (Response, error) {
	start := time.Now()
	inv := &invocation{id: newRequestID(), payload: payload, header: header, answer: make(chan Response, 1)}
	header.Set("x-fc-request-id", inv.id)
	header.Set("x-fc-function-timeout", strconv.Itoa(int((timeout+time.Second-1)/time.Second)))
	header.Set("x-fc-function-deadline", strconv.FormatInt(start.Add(timeout).UnixMilli(), 10))
	i.mu.Lock()
	i.underway[inv.id] = inv
	i.mu.Unlock()
	defer func() {
		i.mu.Lock()
		delete(i.underway, inv.id)
		i.mu.Unlock()
	}()
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	resp, err := i.await(ctx, inv, limit.C, timeout)
	resp.RequestID, resp.Duration = inv.id, time.Since(start)
	return resp, err
}

// await hands inv over and waits for what comes first: the answer, the limit, or the process's end.
func (i *instance) await(ctx context.Context, inv *invocation, limit <-chan time.Time, timeout time.Duration) (Response, error) {
	pending := i.pending
	for {
		select {
		case pending <- inv:
			pending = nil
		case resp := <-inv.answer:
			return resp, nil
		case <-limit:
			i.kill()
			return unhandled(fmt.Sprintf("Function timed out after %v", timeout)), nil
		case <-i.done:
			select { // an answer that came just before the end counts
			case resp := <-inv.answer:
				return resp, nil
			default:
				return unhandled(fmt.Sprintf("Function instance ended: %v", i.cmd.ProcessState)), nil
			}
		case <-ctx.Done():
			return Response{}, ctx.Err()
		}
	}
}

func unhandled(message string) Response {
	payload, err := json.Marshal(map[string]string{"errorMessage": message})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return Response{Payload: payload, Failed: true, ErrorType: "UnhandledInvocationError"}
}

// next hands out the next payload. It waits as long as there is none: the SDK asks again without a
// pause when it is sent away.
func (i *instance) next(w http.ResponseWriter, req *http.Request) {
	select {
	case inv := <-i.pending:
		for name, values := range inv.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(inv.payload) // a function that has gone is noticed by its end
	case <-req.Context().Done():
	}
}

// answer takes the function's answer to an invocation.
func (i *instance) answer(w http.ResponseWriter, req *http.Request, failed bool) {
	i.mu.Lock()
	inv, ok := i.underway[req.PathValue("id")]
	delete(i.underway, req.PathValue("id"))
	i.mu.Unlock()
	payload, err := io.ReadAll(req.Body)
	switch {
	case !ok:
		http.Error(w, "no such invocation is under way", http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	resp := Response{Payload: payload, Failed: failed}
	if failed {
		resp.ErrorType = errorType(payload)
	}
	inv.answer <- resp
}

// errorType tells a returned error from a panic, which the SDK reports with a stack.
func errorType(payload []byte) string {
	var e struct {
		StackTrace []json.RawMessage `json:"stackTrace"`
	}
	if err := json.Unmarshal(payload, &e); err != nil || len(e.StackTrace) > 0 {
		return "UnhandledInvocationError"
	}
	return "HandledInvocationError"
}

// newRequestID returns an identifier in the form of FC's own.
func newRequestID() string {
	var b [14]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("1-%08x-%x-%x", time.Now().Unix(), b[:4], b[4:10])
}
