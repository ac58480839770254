package settings_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/reconcile/settings"
)

func TestFromEnv(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		want settings.Settings
	}{
		{
			map[string]string{"RECORD_TO": " file:///outcomes ", "LOG_LEVEL": " "},
			settings.Settings{Producer: events.IMS, Since: 24 * time.Hour, Longest: 24 * time.Hour, LogLevel: slog.LevelInfo},
		},
		{
			map[string]string{"RECORD_TO": "file:///outcomes", "RECONCILE_PRODUCER": "vod", "RECONCILE_SINCE": "90m", "RECONCILE_LONGEST": "1h", "LOG_LEVEL": "warn"},
			settings.Settings{Producer: events.VOD, Since: 90 * time.Minute, Longest: time.Hour, LogLevel: slog.LevelWarn},
		},
	} {
		asked := map[string]bool{}
		got, err := settings.FromEnv(func(name string) (string, bool) {
			asked[name] = true
			v, ok := tt.env[name]
			return v, ok
		})
		tt.want.RecordTo.Dir = "/outcomes"
		if err != nil || got != tt.want {
			t.Errorf("%v: %+v, %v; want %+v", tt.env, got, err, tt.want)
		}
		for _, name := range settings.Names() {
			if !asked[name] {
				t.Errorf("%s is among the names and was not read", name)
			}
		}
		if len(asked) != len(settings.Names()) {
			t.Errorf("read %v; the names are %v", asked, settings.Names())
		}
	}
}
