package check

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const account = "1234567890123456"

// fixture is a deployment that works, in testdata: the files of the project as they were shipped, the templates cut down
// to what the tests need. The tests break copies of it, whatever a deployer has made of the project's own files.
func fixture(t *testing.T) Project {
	t.Helper()
	p, err := Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func lookup(env map[string]string) Lookup {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// An edit replaces every old text of a file by a new one.
type edit struct{ file, old, new string }

// edited is a copy of p with these edits, each of which must change something.
func edited(t *testing.T, p Project, edits ...edit) Project {
	t.Helper()
	p = maps.Clone(p)
	for _, e := range edits {
		changed := strings.ReplaceAll(p[e.file], e.old, e.new)
		if changed == p[e.file] {
			t.Fatalf("%s does not have %q to edit", e.file, e.old)
		}
		p[e.file] = changed
	}
	return p
}

// TestShipped judges the files of the project as they are.
func TestShipped(t *testing.T) {
	t.Parallel()
	p, err := Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	if v := p.Check(lookup(nil), ""); len(v.Problems) > 0 {
		t.Errorf("problems:\n%s", strings.Join(v.Problems, "\n"))
	}
}

// TestLegitimateEdits makes changes that a deployer may make: none is a problem.
func TestLegitimateEdits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		edits []edit
		env   map[string]string
	}{
		{name: "nothing"},
		{name: "longer time-out", edits: []edit{{ServiceFile, "timeout: 10", "timeout: 20"}}},
		{name: "512 MB", edits: []edit{{ServiceFile, "memorySize: 128", "memorySize: 512"}, {ServiceFile, "cpu: 0.1", "cpu: 0.35"}}},
		{name: "256 MB, same cpu", edits: []edit{{ServiceFile, "memorySize: 128", "memorySize: 256"}}},
		{name: "another alias", edits: []edit{{ServiceFile, "access: default", "access: production"}}},
		{name: "instance metrics", edits: []edit{{ServiceFile, "enableInstanceMetrics: false", "enableInstanceMetrics: true"}}},
		{name: "another default region", edits: []edit{{ServiceFile, "'cn-shanghai'", "'cn-beijing'"}, {ReconcileFile, "'cn-shanghai'", "'cn-beijing'"}}},
		{name: "another default name", edits: []edit{
			{ServiceFile, "'vod-callback-recorder'", "'edits'"}, {ReconcileFile, "'vod-callback-recorder'", "'edits'"},
			{TemplateFile, "Default: vod-callback-recorder", "Default: edits"}, {ObserveFile, "Default: vod-callback-recorder", "Default: edits"},
		}},
		{name: "name of the service file only", edits: []edit{{ServiceFile, "'vod-callback-recorder'", "'edits'"}, {ReconcileFile, "'vod-callback-recorder'", "'edits'"}}},
		{name: "another default prefix", edits: []edit{{TemplateFile, "Default: outcomes", "Default: produced/edits"}}},
		{name: "another default bucket", edits: []edit{{TemplateFile, "  BucketName:\n    Type: String\n    Default: ''", "  BucketName:\n    Type: String\n    Default: our-edits"}}},
		{name: "more concurrency", edits: []edit{{ServiceFile, "reservedConcurrency: 10", "reservedConcurrency: 100"}}},
		{name: "a newer component", edits: []edit{{ServiceFile, "fc3@0.1.22", "fc3@0.2.0"}}},
		{name: "a value instead of a variable", edits: []edit{{ServiceFile, "${env('RECORD_TIMEOUT', '2s')}", "3s"}}},
		{name: "another default of a variable", edits: []edit{{ServiceFile, "'LOG_LEVEL', 'info'", "'LOG_LEVEL', 'debug'"}}},
		{name: "tags", edits: []edit{{ServiceFile, "      runtime: go1\n", "      runtime: go1\n      tags:\n        - key: team\n          value: video\n"}}},
		{name: "a variable of one's own", edits: []edit{{ServiceFile, "        LOG_LEVEL:", "        TZ: Asia/Shanghai\n        LOG_LEVEL:"}}},
		{name: "a network of one's own", edits: []edit{{ServiceFile, "      internetAccess: true\n", "      internetAccess: true\n      vpcConfig: {vpcId: vpc-1, securityGroupId: sg-1, vSwitchIds: [vsw-1]}\n"}}},
		{name: "no topic trigger", edits: []edit{{ServiceFile, topicTriggerText(t, ServiceFile), ""}, {QueueFile, topicTriggerText(t, QueueFile), ""}}},
		{name: "smaller batches", edits: []edit{{QueueFile, "CountBasedWindow: 10", "CountBasedWindow: 1"}}},
		{name: "more retries", edits: []edit{{ServiceFile, "maxAsyncRetryAttempts: 3", "maxAsyncRetryAttempts: 8"}}},
		{name: "KMS", edits: []edit{{TemplateFile, "SSEAlgorithm: AES256", "SSEAlgorithm: KMS"}}},
		{name: "log kept for ever", edits: []edit{{TemplateFile, "    Default: 180\n", "    Default: 3650\n"}}},
		{name: "an alert of one's own", edits: []edit{{ObserveFile, "deliveries > 0", "deliveries > 10"}}},
		{name: "a search of one's own", edits: []edit{{ObserveFile, "'message.msg: refused'", "'message.msg: refused and message.method: POST'"}}},
		{name: "comments and blank lines", edits: []edit{{ServiceFile, "props:\n", "props: # of the function\n\n"}}},
		{name: "environment", env: map[string]string{"REGION": "ap-southeast-1", "FUNCTION_NAME": strings.Repeat("n", 28), "RECORD_EVENTS": "*"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if v := edited(t, fixture(t), tt.edits...).Check(lookup(tt.env), account); len(v.Problems) > 0 {
				t.Errorf("problems:\n%s", strings.Join(v.Problems, "\n"))
			}
		})
	}
}

// TestLeftOut leaves out the files that a deployer may do without.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	for _, file := range []string{QueueFile, ReconcileFile, ObserveFile} {
		p := fixture(t)
		delete(p, file)
		if v := p.Check(lookup(nil), account); len(v.Problems) > 0 {
			t.Errorf("without %s:\n%s", file, strings.Join(v.Problems, "\n"))
		}
	}
}

// topicTriggerText is the topic trigger, as a file has it, with the comments around it.
func topicTriggerText(t *testing.T, file string) string {
	t.Helper()
	text := fixture(t)[file]
	start := strings.Index(text, "        - triggerName: topic\n")
	end := len(text)
	if i := strings.Index(text[start:], "        # Last"); i >= 0 {
		end = start + i
	}
	return text[start:end]
}

// TestNotes looks for what is allowed but may surprise.
func TestNotes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit edit
		want string
	}{
		{"component without a version", edit{ServiceFile, "fc3@0.1.22", "fc3"}, "has no version"},
		{"no cap", edit{ServiceFile, "      concurrencyConfig:\n        reservedConcurrency: 10\n", ""}, "a flood of requests"},
		{"name of one file only", edit{TemplateFile, "Default: vod-callback-recorder", "Default: edits"}, "give the stack Name=vod-callback-recorder"},
		{"type that is not known", edit{TemplateFile, "  Topic:\n    Type: ALIYUN::MNS::Topic", "  Alias:\n    Type: ALIYUN::KMS::Alias\n  Topic:\n    Type: ALIYUN::MNS::Topic"}, "ALIYUN::KMS::Alias is not checked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := edited(t, fixture(t), tt.edit).Check(lookup(nil), account)
			if len(v.Problems) > 0 || !slices.ContainsFunc(v.Notes, func(n string) bool { return strings.Contains(n, tt.want) }) {
				t.Errorf("problems %q, notes %q, want the note %q", v.Problems, v.Notes, tt.want)
			}
		})
	}
}

// TestBroken breaks one thing at a time.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := edited(t, fixture(t), tt.edit).Check(lookup(nil), account)
			if !slices.ContainsFunc(v.Problems, func(p string) bool { return strings.Contains(p, tt.want) }) {
				t.Errorf("found %q\nwant %q", v.Problems, tt.want)
			}
		})
	}
}

// TestEnvironment judges the fixture with what .env may hold.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	p[ServiceFile] = strings.ReplaceAll(p[ServiceFile], "internetAccess: true", "internetAccess: false")
	tests := []struct{ to, want string }{
		{"log:", ""},
		{"oss://bucket/outcomes", ""},
		{"oss://bucket/outcomes?region=cn-shanghai", ""},
		{"oss://bucket/outcomes?region=cn-beijing", "internetAccess is false"},
		{"oss://bucket/outcomes?endpoint=https://oss-cn-shanghai.aliyuncs.com", "internetAccess is false"},
		{"oss://bucket/outcomes?endpoint=https://oss-cn-shanghai-internal.aliyuncs.com", ""},
	}
	for _, tt := range tests {
		v := p.Check(lookup(map[string]string{"RECORD_TO": tt.to}), account)
		if got := strings.Join(v.Problems, "\n"); (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("RECORD_TO=%s: found %q, want %q", tt.to, got, tt.want)
		}
	}
}

func TestMisspeltNames(t *testing.T) {
	t.Parallel()
	p := fixture(t)
	got := p.MisspeltNames([]string{"RECORD_TO", "VOD_CALLBACK_KEY", "RECRD_TO", "REGOIN", "AccountID", "EDITOR", "HTTPS_PROXY"})
	want := []string{
		".env: nothing reads VOD_CALLBACK_KEY; did you mean VOD_CALLBACK_KEYS?",
		".env: nothing reads RECRD_TO; did you mean RECORD_TO?",
		".env: nothing reads REGOIN; did you mean REGION?",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
