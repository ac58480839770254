package panics_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/vod-callback/recorder/internal/panics"
)

func TestRecover(t *testing.T) {
	t.Parallel()
	none, zero := []int{}, 0
	var nowhere *struct{ n int }
	for _, tt := range []struct {
		name string
		f    func()
		want string // a regular expression
	}{
		{"no panic", func() {}, "^$"},
		{"index", func() { none[zero] = 1 }, `^panic: index out of range \[0\] with length 0 in panics_test\.TestRecover\.func\d:\d+$`},
		{"nil", func() { nowhere.n = 1 }, `^panic: invalid memory address or nil pointer dereference in panics_test\.TestRecover\.func\d:\d+$`},
		{"text", func() { panic("a secret") }, `^panic: a value of type string in panics_test\.TestRecover\.func\d:\d+$`},
		{"error", func() { panic(errors.New("a secret")) }, `^panic: a value of type \*errors\.errorString in panics_test\.TestRecover\.func\d:\d+$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := recovered(tt.f)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if !regexp.MustCompile(tt.want).MatchString(got) {
				t.Errorf("got %q, want %s", got, tt.want)
			}
		})
	}
}

func recovered(f func()) (err error) {
	defer panics.Recover(&err)
	f()
	return nil
}
