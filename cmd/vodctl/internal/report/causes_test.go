package report

import (
	"net/url"
	"strings"
	"testing"
)

func TestCauses(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range causes {
		u, err := url.Parse(c.Source)
		if err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, "aliyun.com") && !strings.HasSuffix(u.Host, "alibabacloud.com") {
			t.Errorf("%s: the source %q is not a page of the producer", c.Code, c.Source)
		}
		if title := sourceTitles[c.Source]; title.EN == "" || title.ZH == "" {
			t.Errorf("%s: the source has no title", c.Code)
		}
		if seen[strings.ToLower(c.Code)] {
			t.Errorf("%s is there twice", c.Code)
		}
		seen[strings.ToLower(c.Code)] = true
		if c.Advice.EN == "" || c.Advice.ZH == "" || c.Advice.EN == c.Advice.ZH {
			t.Errorf("%s: advice %+v", c.Code, c.Advice)
		}
		if name := c.Remedy.Name(); name == NotPublished.Name() {
			t.Errorf("%s: the remedy %q has no name", c.Code, c.Remedy)
		}
	}
}

func TestCauseOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code   string
		want   string // the published code, or the code itself
		remedy Remedy
		family bool
	}{
		{"InvalidParameter.ResourceContentBad", "InvalidParameter.ResourceContentBad", FixInput, false},
		{"ServiceUnavailable", "ServiceUnAvailable", TryAgain, false}, // published with a large A
		{"ServiceUnavailable.Render", "ServiceUnAvailable", TryAgain, true},
		{"Forbidden.OSSAccess.Deep", "Forbidden", FixPermission, true},
		{"OperationDenied.Suspended", "OperationDenied.Suspended", FixAccount, false},
		{"InternalError", "InternalError", ProviderFault, false},
		{"InternalErrors", "InternalErrors", NotPublished, false},
		{".InternalError", ".InternalError", NotPublished, false},
		{"...", "...", NotPublished, false},
		{"", "", NotPublished, false},
		{noCode, noCode, NotPublished, false},
	} {
		got := causeOf(tt.code)
		if got.Code != tt.want || got.Remedy != tt.remedy || got.Family != tt.family || (got.Source == "") != (tt.remedy == NotPublished) {
			t.Errorf("%q: %+v, want %+v", tt.code, got, tt)
		}
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	many := tally{}
	for i := range 10_000 {
		if i%3 == 0 {
			many.add("often", "an example")
		} else {
			many.add(strings.Repeat("x", i), "x")
		}
	}
	top, more := many.top(1)
	if len(many) > maxTallied || len(top) != 1 || top[0].example != "an example" || !more {
		t.Errorf("of many different ones: %+v, %v, %d kept", top, more, len(many))
	}
	few := tally{}
	for _, v := range []string{"b", "a", "b", "c"} {
		few.add(v, v)
	}
	if top, more := few.top(2); top[0] != (tallied{"b", 2}) || top[1] != (tallied{"a", 1}) || !more {
		t.Errorf("of few: %+v, %v", top, more)
	}
	if top, more := few.top(3); len(top) != 3 || more {
		t.Errorf("all of them: %+v, %v", top, more)
	}
}
