// Package fclocal runs a Function Compute function without the cloud. It serves the runtime API of the SDK, starts
// the function's executable, and invokes it with the context and the limits of the real service.
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

// Options configure a Runtime. Only Function is required.
type Options struct {
	Function string   // the executable's path
	Env      []string // NAME=VALUE, added to this process's environment; the last value of a name counts
	// Timeout is the maximum duration of one invocation. After it the instance is killed, as in FC. 0 means 10 s.
	Timeout time.Duration
	// Concurrency is the number of concurrent invocations in an instance. 0 means 1, as in FC's built-in runtimes.
	Concurrency int
	Log         io.Writer // receives the function's standard output and error; may be nil
	Context     Context
}

// A Context is the information about the function that FC sends with each invocation. Empty fields are not sent.
type Context struct {
	FunctionName, Region, AccountID             string
	AccessKeyID, AccessKeySecret, SecurityToken string
}

// ContextFromEnv returns the context that the usual environment variables describe.
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

// A Response is the result of an invocation.
type Response struct {
	RequestID string
	// Payload is the function's answer. If it Failed, it is a JSON object with errorMessage and errorType.
	Payload []byte
	Failed  bool
	// ErrorType is FC's X-Fc-Error-Type of a failure: HandledInvocationError for an error that the function
	// returned, UnhandledInvocationError for a panic, a timeout or an exit.
	ErrorType string
	Duration  time.Duration
}

// A Runtime runs one instance of a function at a time. It is safe for concurrent use.
type Runtime struct {
	opts  Options
	slots chan struct{} // one for each concurrent invocation of an instance

	mu       sync.Mutex
	instance *instance
	context  Context
	closed   bool
}

// Start starts the function, with a runtime API on a free port of the loopback interface. It returns an error if
// the executable cannot be started. Invoke notices if the function exits later.
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

// Close kills the function and stops the API.
func (r *Runtime) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.instance.kill()
	return r.instance.server.Close()
}

// Kill ends the running instance at once, like a crash of its host. The next invocation starts a new instance.
func (r *Runtime) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instance.kill()
}

// SetContext changes the context of the following invocations, for example to newer credentials.
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

// Invoke invokes the function with payload and waits for its answer. It returns an error only if no function is
// running. A failed invocation is a Response, not an error.
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

// running returns the instance, or a new one if the last one has ended.
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

// headers returns the headers of the runtime API that are the same for every invocation.
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

// startInstance starts the executable with its own runtime API. With a shared API, a pending request of an earlier
// instance could take a payload of this one. The caller holds r.mu.
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
	go inst.server.Serve(listener)           //nolint:errcheck // ends when the process ends, or in Close
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

// routes returns the handler of the runtime API.
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

// An invocation is a payload that waits for its answer.
type invocation struct {
	id      string
	payload []byte
	header  http.Header
	answer  chan Response // buffered, so that a late answer does not block
}

func (i *instance) wait() {
	_ = i.cmd.Wait() // ProcessState has the result
	close(i.done)
	_ = i.server.Close() // the process has ended, so an error does not matter
}

func (i *instance) kill() {
	_ = i.cmd.Process.Kill() // fails only if the process has already ended
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

// await passes inv to the function and waits for the first of: the answer, the timeout, the end of the process.
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
			select { // an answer just before the end counts
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
		panic(err) // a map of strings can always be encoded
	}
	return Response{Payload: payload, Failed: true, ErrorType: "UnhandledInvocationError"}
}

// next answers with the next payload. It waits until there is one, because after an error the SDK asks again
// without a pause.
func (i *instance) next(w http.ResponseWriter, req *http.Request) {
	select {
	case inv := <-i.pending:
		for name, values := range inv.header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(inv.payload) // await notices if the function has ended
	case <-req.Context().Done():
	}
}

// answer receives the function's answer to an invocation.
func (i *instance) answer(w http.ResponseWriter, req *http.Request, failed bool) {
	i.mu.Lock()
	inv, ok := i.underway[req.PathValue("id")]
	delete(i.underway, req.PathValue("id"))
	i.mu.Unlock()
	payload, err := io.ReadAll(req.Body)
	switch {
	case !ok:
		http.Error(w, "there is no running invocation with this ID", http.StatusNotFound)
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

// errorType distinguishes a returned error from a panic, which the SDK reports with a stack.
func errorType(payload []byte) string {
	var e struct {
		StackTrace []json.RawMessage `json:"stackTrace"`
	}
	if err := json.Unmarshal(payload, &e); err != nil || len(e.StackTrace) > 0 {
		return "UnhandledInvocationError"
	}
	return "HandledInvocationError"
}

// newRequestID returns a new request ID in the form of FC's.
func newRequestID() string {
	var b [14]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("1-%08x-%x-%x", time.Now().Unix(), b[:4], b[4:10])
}
