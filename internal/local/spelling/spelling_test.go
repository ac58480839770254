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

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	words := []string{"list", "show", "report", "replay", "generate-event"}
	for typed, want := range map[string]string{
		"lsit": "list", "ls": "", "li": "list", "shwo": "show", "repot": "report", "relpay": "replay", "gen": "generate-event", "generte-evnt": "generate-event",
		"": "", "x": "", "delete": "", "zzzzzzzzzzzz": "", "中": "",
	} {
		got := DidYouMean(typed, words)
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
