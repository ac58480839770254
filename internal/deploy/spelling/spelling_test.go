package spelling

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"timeout", "triggers", "memorySize", "RECORD_TO"}
	tests := []struct{ word, want string }{
		{"timeout", "timeout"},
		{"timout", "timeout"},
		{"memorysize", "memorySize"},
		{"RECRD_TO", "RECORD_TO"},
		{"trigger", "triggers"},
		{"tirggers", "triggers"},
		{"something", ""},
		{"x", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := Nearest(tt.word, known); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}
