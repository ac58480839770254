package record_test

import (
	"context"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/record"
)

// TestPanicInATry would end this process: a try has a goroutine of its own.
func TestPanicInATry(t *testing.T) {
	t.Parallel()
	_, err := record.Persist(t.Context(), func(context.Context) (record.Result, error) { panic("a token") })
	if err == nil || !strings.HasPrefix(err.Error(), "panic: a value of type string in record_test.TestPanicInATry") {
		t.Errorf("err = %v, want the panic", err)
	}
}
