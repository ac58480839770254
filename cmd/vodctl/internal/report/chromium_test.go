package report_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// A browser is a headless Chromium with one page, spoken to by the DevTools protocol over a pair of pipes:
// https://chromedevtools.github.io/devtools-protocol/
type browser struct {
	t       *testing.T
	in      *os.File
	session string

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	events  map[string]chan json.RawMessage // by method, for those who wait
	noise   []string                        // what the page complained of
}

type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// patience is how long the browser may take for one thing before the test fails.
const patience = 60 * time.Second

// newBrowser starts Chromium, or skips the test if there is none.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium: install Debian's package chromium, or name one with CHROMIUM=/path, to test the page in a real browser")
	}
	theirIn, in, err := os.Pipe()
	check(t, err)
	out, theirOut, err := os.Pipe()
	check(t, err)
	// As root, or in a container, Chromium's own sandbox cannot be had; the page is our own.
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir())
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4
	check(t, cmd.Start())
	check(t, errors.Join(theirIn.Close(), theirOut.Close()))
	b := &browser{t: t, in: in, waiting: map[int]chan reply{}, events: map[string]chan json.RawMessage{}}
	read := make(chan struct{})
	go b.read(bufio.NewReader(out), read)
	t.Cleanup(func() {
		b.session = ""
		_ = b.try("Browser.close", nil, nil) // so that its children end with it
		_ = in.Close()
		<-read
		_ = cmd.Wait()
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// read hands out what the browser says until it says no more.
func (b *browser) read(out *bufio.Reader, done chan<- struct{}) {
	defer close(done)
	for {
		message, err := out.ReadBytes(0)
		if err != nil {
			return
		}
		var r reply
		if err := json.Unmarshal(message[:len(message)-1], &r); err != nil {
			b.t.Errorf("chromium says %.200q", message)
			return
		}
		b.mu.Lock()
		if r.ID != 0 {
			b.waiting[r.ID] <- r
			delete(b.waiting, r.ID)
		} else {
			b.event(r)
		}
		b.mu.Unlock()
	}
}

// event notes what the page complains of, and wakes who waits for the event. The lock is read's.
func (b *browser) event(r reply) {
	switch r.Method {
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
		b.noise = append(b.noise, r.Method+" "+string(r.Params))
	}
	if c := b.events[r.Method]; c != nil {
		c <- r.Params
		delete(b.events, r.Method)
	}
}

// try calls a method of the protocol.
func (b *browser) try(method string, params, result any) error {
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	call := map[string]any{"id": id, "method": method}
	if params != nil {
		call["params"] = params
	}
	if b.session != "" {
		call["sessionId"] = b.session
	}
	message, err := json.Marshal(call)
	if err != nil {
		return err
	}
	if _, err := b.in.Write(append(message, 0)); err != nil {
		return err
	}
	select {
	case r := <-answer:
		if r.Error != nil {
			return errors.New(r.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(r.Result, result)
	case <-time.After(patience):
		return fmt.Errorf("no answer in %v", patience)
	}
}

func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	if err := b.try(method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// open loads a page and waits until it is there.
func (b *browser) open(url string) {
	b.t.Helper()
	loaded := make(chan json.RawMessage, 1)
	b.mu.Lock()
	b.events["Page.loadEventFired"] = loaded
	b.mu.Unlock()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	select {
	case <-loaded:
	case <-time.After(patience):
		b.t.Fatalf("%s is not loaded after %v", url, patience)
	}
}

// look sets the size of the window and the colours that the person likes.
func (b *browser) look(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// eval returns the value of a JavaScript expression, a promise's included.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	var r struct {
		Result struct {
			Value T
		}
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, r.ExceptionDetails)
	}
	return r.Result.Value
}

// press types one key, as a person would.
func (b *browser) press(key string, code int) {
	b.t.Helper()
	for _, kind := range []string{"rawKeyDown", "keyUp"} {
		b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}, nil)
	}
}

// screenshot returns a PNG of the page, below the window too.
func (b *browser) screenshot() []byte {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	return shot.Data
}

// complaints returns what the page wrote to the console, exceptions and broken policies included.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.noise
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
