package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/vod-callback/recorder/internal/deploy/preflight"
	"github.com/vod-callback/recorder/internal/local/spelling"
)

// variables returns the environment variables that the function of s reads.
func variables(s *Service) []string {
	if s.Records() {
		return preflight.RecorderVariables()
	}
	return preflight.ReconcilerVariables()
}

// service checks one function.
func (d Deployment) service(r report, s *Service) {
	conform(r, "props", at(fc3, "props"), s.props)
	component(r, s)
	function(r, s)
	d.access(r, s)
	async(r, d, s)
	environment(r, s)
	actions(r, s)
	triggers(r, d, s)
}

var componentForm = regexp.MustCompile(`^fc3(@[0-9]+\.[0-9]+\.[0-9]+)?$`)

func component(r report, s *Service) {
	name := text(s.resource(), "component")
	switch m := componentForm.FindStringSubmatch(name); {
	case m == nil:
		r.problem("component is %q, want fc3@VERSION", name)
	case m[1] == "":
		r.note("component fc3 has no version: each deployment uses the newest one")
	}
	if access := text(s.raw, "access"); strings.Contains(access, "${") {
		r.problem("access is %s: Serverless Devs accepts only a plain alias", access)
	}
}

// function checks the settings of the runtime.
func function(r report, s *Service) {
	r.equal("runtime", s.get("runtime"), "go1", "make build builds an executable for it")
	r.equal("handler", s.get("handler"), "main", "that is the executable's name")
	if code := strings.TrimSuffix(strings.TrimPrefix(s.get("code"), "./"), "/"); code != "target" && code != "target/reconcile" {
		r.problem("code is %s, want ./target or ./target/reconcile: make build writes there", s.get("code"))
	}
	memory, cpu := number(s.props, "memorySize"), number(s.props, "cpu")
	if memory != 0 && int(memory)%64 != 0 {
		r.problem("memorySize is %v, want a multiple of 64", memory)
	}
	if ratio := memory / 1024 / cpu; cpu != 0 && (ratio < 1 || ratio > 4) {
		r.problem("memorySize in GB is %.2f times cpu, want 1 to 4 times", ratio)
	}
	switch concurrency := at(s.props, "concurrencyConfig", "reservedConcurrency"); {
	case concurrency == nil:
		r.note("without concurrencyConfig.reservedConcurrency, a flood of requests can take every instance of the account")
	case number(concurrency) < 1:
		r.problem("concurrencyConfig.reservedConcurrency is %v: nothing would run", concurrency)
	}
	r.equal("logConfig.logBeginRule", s.get("logConfig", "logBeginRule"), "None", "one line is one entry")
	if s.get("internetAccess") == "false" {
		internet(r, s)
	}
}

// internet checks a function without access to the internet.
func internet(r report, s *Service) {
	if !s.Records() {
		r.problem("internetAccess is false: the producer's API is reached over the internet")
		return
	}
	to, _ := s.Environment("RECORD_TO")
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "oss" {
		return
	}
	region, endpoint := u.Query().Get("region"), u.Query().Get("endpoint")
	if (region != "" && region != s.Region()) || (endpoint != "" && !strings.Contains(endpoint, "-internal.")) {
		r.problem("internetAccess is false, and the bucket of RECORD_TO is reached over the internet: "+
			"want a bucket in %s without a public endpoint, or internetAccess: true", s.Region())
	}
}

// access compares the function's role and log with the stack.
func (d Deployment) access(r report, s *Service) {
	role := "FunctionRole"
	if !s.Records() {
		role = "ReconcileRole"
	}
	arn, err := d.stack.attribute(role, "Arn")
	if err != nil {
		r.problem("role: %s has no %s", TemplateFile, role)
	} else {
		r.equal("role", s.get("role"), arn, "the function acts as that role of "+TemplateFile)
	}
	if s.get("role") != strings.ToLower(s.get("role")) {
		r.problem("role is %s: Serverless Devs makes it lower case", s.get("role"))
	}
	project, _ := d.stack.attribute("LogProject", "Name")
	store, _ := d.stack.attribute("Logstore", "LogstoreName")
	r.equal("logConfig.project", s.get("logConfig", "project"), project, "the role may write there, and the searches look there")
	r.equal("logConfig.logstore", s.get("logConfig", "logstore"), store, "the role may write there, and the searches look there")
}

// deadLetters returns the ARN of the dead-letter queue.
func (d Deployment) deadLetters() string {
	name, _ := d.stack.attribute("DeadLetterQueue", "QueueName")
	return fmt.Sprintf("acs:mns:%s:%s:/queues/%s", d.stack.region, d.stack.account, name)
}

// async checks the settings of asynchronous invocations, which the topic trigger and the timer use.
func async(r report, d Deployment, s *Service) {
	if retries := at(s.props, "asyncInvokeConfig", "maxAsyncRetryAttempts"); retries != nil && number(retries) < 1 {
		r.problem("asyncInvokeConfig.maxAsyncRetryAttempts is %v: a failed invocation is not retried", retries)
	}
	if s.Records() {
		r.equal("asyncInvokeConfig.destinationConfig.onFailure.destination", s.get("asyncInvokeConfig", "destinationConfig", "onFailure", "destination"),
			d.deadLetters()+"/messages", "without it, an event that always fails is dropped; the role may send there")
	}
}

// environment compares the variables that are set with those that the function reads.
func environment(r report, s *Service) {
	known := variables(s)
	for name := range members(s.props, "environmentVariables") {
		switch hint := spelling.DidYouMean(name, known); {
		case slices.Contains(known, name):
		case strings.HasPrefix(name, "FC_"):
			r.problem("environmentVariables.%s: names that begin with FC_ are the platform's own", name)
		case hint != "":
			r.problem("environmentVariables.%s: the function reads no such variable%s", name, hint)
		default:
			r.note("environmentVariables.%s: the function reads no such variable", name)
		}
	}
	raw := at(s.resource(), "props", "environmentVariables")
	for _, name := range known {
		value := text(raw, name)
		if _, there := s.Environment(name); !there {
			r.problem("environmentVariables.%s is missing: the function reads it, and a value in %s would have no effect", name, ".env")
		} else if m := envForm.FindStringSubmatch(strings.TrimSuffix(strings.TrimPrefix(value, "${"), "}")); m != nil && m[1] != name {
			r.problem("environmentVariables.%s is taken from %s, want %s", name, m[1], name)
		}
	}
}

// MisspeltNames returns a problem for each name in .env that nothing reads and that is similar to a known name.
func (p Project) MisspeltNames(inFile []string) (problems []string) {
	known := slices.Concat(slices.Sorted(maps.Keys(settable(p))), []string{"AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"})
	for _, name := range inFile {
		if slices.Contains(known, name) {
			continue
		}
		if nearest := spelling.Nearest(name, known); nearest != "" {
			problems = append(problems, fmt.Sprintf(".env: nothing reads %s; did you mean %s?", name, nearest))
		}
	}
	return problems
}

var anyEnv = regexp.MustCompile(`\benv\(\s*['"](\w+)['"]`)

// settable returns the variables that the service files read from the environment.
func settable(p Project) map[string]bool {
	names := map[string]bool{}
	for _, file := range p.Services() {
		for _, m := range anyEnv.FindAllStringSubmatch(p[file], -1) {
			names[m[1]] = true
		}
	}
	return names
}

// actions checks that the configuration is checked and the function is built before a deployment.
func actions(r report, s *Service) {
	for command, wanted := range map[string][]string{"deploy": {"internal/deploy preflight", "make build"}, "local": {"make build"}} {
		runs := before(s, command)
		for _, want := range wanted {
			if !slices.ContainsFunc(runs, func(run string) bool { return strings.Contains(run, want) }) {
				r.problem("no action before `s %s` runs %q: without it, the configuration is not checked, or an old build is used", command, want)
			}
		}
	}
}

var actionForm = regexp.MustCompile(`^pre-(?:(\w+)|\$\{regex\('(.+)'\)\})$`)

// before returns the actions that run before a command.
func before(s *Service, command string) (runs []string) {
	for _, all := range []any{at(s.raw, "actions"), at(s.resource(), "actions")} {
		for key, items := range members(all) {
			m := actionForm.FindStringSubmatch(key)
			if m == nil || m[1] != command && (m[2] == "" || !regexp.MustCompile(m[2]).MatchString(command)) {
				continue
			}
			for _, item := range list(items) {
				runs = append(runs, text(item, "run"))
			}
		}
	}
	return runs
}

// triggers checks the triggers of the function.
func triggers(r report, d Deployment, s *Service) {
	all := list(s.props, "triggers")
	count := map[string]int{}
	for i, tr := range all {
		kind, config := text(tr, "triggerType"), at(tr, "triggerConfig")
		r := r.in("trigger " + text(tr, "triggerName"))
		count[kind]++
		conform(r, "it", at(fc3, "trigger"), tr)
		want := at(fc3, "triggerConfig", kind)
		if want == nil {
			r.problem("the function does not support triggers of the type %q", kind)
			continue
		}
		conform(r, "triggerConfig", want, config)
		switch kind {
		case "http":
			httpTrigger(r, config)
		case "mns_topic":
			topicTrigger(r, d, tr)
		case "eventbridge":
			if i != len(all)-1 {
				r.problem("it is not the last one: a redeployment stops at an unchanged eventbridge trigger")
			}
			queueTrigger(r, d, s, config)
		case "timer":
			timerTrigger(r, config)
		}
	}
	want := map[string]map[string]int{ServiceFile: {"http": 1}, QueueFile: {"http": 1, "eventbridge": 1}, ReconcileFile: {"timer": 1}}
	for kind, n := range want[s.File] {
		r.equal("the number of triggers of the type "+kind, count[kind], n, "that is what the function is invoked by")
	}
}

func httpTrigger(r report, config any) {
	r.equal("authType", text(config, "authType"), "anonymous", "VOD and IMS cannot sign for the platform; the function checks their signature")
	r.equal("methods", at(config, "methods"), []any{"POST"}, "callbacks use no other method")
	if text(config, "disableURLInternet") == "true" {
		r.problem("disableURLInternet is true: VOD and IMS call over the internet")
	}
}

func topicTrigger(r report, d Deployment, tr any) {
	topic, _ := d.stack.attribute("Topic", "TopicName")
	r.equal("sourceArn", text(tr, "sourceArn"), fmt.Sprintf("acs:mns:%s:%s:/topics/%s", d.stack.region, d.stack.account, topic), "that is the topic of "+TemplateFile)
	role, _ := d.stack.attribute("TriggerRole", "Arn")
	r.equal("invocationRole", text(tr, "invocationRole"), role, "without one, every command creates a role that may invoke any function")
	r.equal("notifyContentFormat", text(tr, "triggerConfig", "notifyContentFormat"), "JSON", "STREAM has no message ID for the record")
}

// largestBatch is the maximum number of messages of 64 KiB in one synchronous invocation.
const largestBatch = 500

func queueTrigger(r report, d Deployment, s *Service, config any) {
	mns := at(config, "eventSourceConfig", "eventSourceParameters", "sourceMNSParameters")
	run := at(config, "runOptions")
	queue, _ := d.stack.attribute("CallbackQueue", "QueueName")
	for _, rule := range []struct{ what, got, want, why string }{
		{"triggerEnable", text(config, "triggerEnable"), "true", "a disabled trigger does not read the queue"},
		{"asyncInvocationType", text(config, "asyncInvocationType"), "false", "only a synchronous failure is retried by the stream"},
		{"eventSourceType", text(config, "eventSourceConfig", "eventSourceType"), "MNS", "it is a queue of SMQ"},
		{"RegionId", text(mns, "RegionId"), s.Region(), "queue and function are in one region"},
		{"QueueName", text(mns, "QueueName"), queue, "VOD and IMS deliver to that queue of " + TemplateFile},
		{"mode", text(run, "mode"), "event-streaming", "only streams have batches"},
		{"errorsTolerance", text(run, "errorsTolerance"), "ALL", "NONE, the default, stops the stream once the retries are used up"},
		{"PushRetryStrategy", text(run, "retryStrategy", "PushRetryStrategy"), "EXPONENTIAL_DECAY_RETRY", "the default stops within a minute"},
		{"deadLetterQueue.Arn", text(run, "deadLetterQueue", "Arn"), d.deadLetters(), "without one, undeliverable messages are dropped"},
	} {
		r.equal(rule.what, rule.got, rule.want, rule.why)
	}
	if n := number(run, "batchWindow", "CountBasedWindow"); n > largestBatch {
		r.problem("CountBasedWindow is %v: %d messages of 64 KiB are the 32 MB that an invocation can carry, and all of a batch must be recorded within RECORD_TIMEOUT", n, largestBatch)
	}
	pattern := text(config, "eventRuleFilterPattern")
	if json.Unmarshal([]byte(pattern), &map[string]any{}) != nil {
		r.problem("eventRuleFilterPattern is %q, want a JSON object such as {}", pattern)
	}
}

var cronForm = regexp.MustCompile(`^(@every [1-9][0-9]*[mhd]|(CRON_TZ=\S+ )?\S+( \S+){5})$`)

func timerTrigger(r report, config any) {
	if text(config, "enable") == "false" {
		r.problem("enable is false: a disabled timer never fires")
	}
	if cron := text(config, "cronExpression"); !cronForm.MatchString(cron) {
		r.problem("cronExpression is %q, want `second minute hour day month weekday` or `@every 60m`", cron)
	}
}
