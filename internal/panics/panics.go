// Package panics turns a panic into an error, so that one delivery's mishap is not the end of the
// instance and of everything else that it is working on.
package panics

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// An Error is a panic that was recovered from.
type Error struct {
	What  string // what the Go runtime says, or the type of any other value: its text might hold a secret
	Where string // the function and line that panicked, or ""
}

// Error says both on one line.
func (e *Error) Error() string {
	if e.Where == "" {
		return "panic: " + e.What
	}
	return "panic: " + e.What + " in " + e.Where
}

// Recover ends a panic of the function that defers it, and sets *err to an *Error. Without a panic it
// does nothing.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = New(v)
	}
}

// New returns the error for v, which recover has just returned.
func New(v any) *Error {
	e := &Error{What: fmt.Sprintf("a value of type %T", v), Where: place()}
	if r, ok := v.(runtime.Error); ok {
		e.What = strings.TrimPrefix(r.Error(), "runtime error: ")
	}
	return e
}

// place returns the function that panicked. The stack of the panic still lies below the deferred call:
// first this package and the runtime, then what is looked for.
func place() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicking := false
	for {
		frame, more := frames.Next()
		switch inRuntime := strings.HasPrefix(frame.Function, "runtime."); {
		case inRuntime:
			panicking = panicking || frame.Function == "runtime.gopanic"
		case panicking && frame.Function != "":
			return fmt.Sprintf("%s:%d", path.Base(frame.Function), frame.Line)
		}
		if !more {
			return ""
		}
	}
}
