package deploytest

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// check holds the files of a deployment against each other and against the code. env is what the
// deployer's environment sets, accountID the account of the credentials.
func check(p project, c code, env map[string]string, accountID string) error {
	base, err := newService(p, serviceFile, env, accountID)
	if err != nil {
		return err
	}
	queue, err := newService(p, queueFile, env, accountID)
	if err != nil {
		return err
	}
	template, err := parse(templateFile, p[templateFile])
	if err != nil {
		return err
	}
	tmpl := stack{template}
	var errs findings
	for _, s := range []*service{base, queue} {
		errs.in(s.file, checkNames(s))
		errs.in(s.file, checkFunction(s))
		errs.in(s.file, checkEnvironment(s, c))
		errs.in(s.file, checkTriggers(s, c))
	}
	errs.in(serviceFile, checkActions(base))
	errs.in(queueFile, checkExtension(base, queue))
	errs.in(templateFile, checkParameters(tmpl))
	errs.in(templateFile, checkKept(tmpl))
	errs.in(templateFile, checkIndex(tmpl, c))
	errs.in(templateFile, checkWatched(tmpl, c))
	errs.in(templateFile, checkRoles(tmpl, c))
	errs.in(templateFile, checkOutputs(tmpl, queue))
	for name, content := range p {
		errs.in(name, checkSecrets(content))
	}
	return errors.Join(errs...)
}

// findings collects what is wrong.
type findings []error

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// equal finds that something is not as it must be, and why it must.
func (f *findings) equal(what string, got, want any, why string) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.add("%s is %v, want %v: %s", what, got, want, why)
	}
}

func (f *findings) in(file string, found findings) {
	for _, err := range found {
		*f = append(*f, fmt.Errorf("%s: %w", file, err))
	}
}

var (
	accountForm = regexp.MustCompile(`^[0-9]+$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9-]{1,26}[a-z0-9]$`)
	bucketForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
	roleForm    = regexp.MustCompile(`^acs:ram::[0-9]+:role/[a-z0-9.@_-]{1,64}$`)
	topicForm   = regexp.MustCompile(`^acs:mns:([\w-]+):[0-9]+:/topics/[\w-]+$`)
)

func checkNames(s *service) (f findings) {
	for name, form := range map[string]*regexp.Regexp{
		"accountId": accountForm, "region": regionForm, "functionName": nameForm, "bucket": bucketForm, "logProject": bucketForm,
		"functionRole": roleForm, "triggerRole": roleForm,
	} {
		if v := text(s.vars, name); !form.MatchString(v) {
			f.add("vars.%s is %q, want it to match %s", name, v, form)
		}
	}
	return f
}

func checkFunction(s *service) (f findings) {
	p := s.props
	f.equal("runtime", text(p, "runtime"), "go1", "make build makes an executable for it")
	f.equal("handler", text(p, "handler"), "main", "it is the executable's name")
	f.equal("code", text(p, "code"), "./target", "make build writes there")
	cpu, memory := number(p, "cpu"), number(p, "memorySize")/1024
	if cpu <= 0 || memory/cpu < 1 || memory/cpu > 4 {
		f.add("memorySize in GB is %.2f times cpu, want 1 to 4 times", memory/cpu)
	}
	timeout := time.Duration(number(p, "timeout")) * time.Second
	recording, err := time.ParseDuration(text(p, "environmentVariables", "RECORD_TIMEOUT"))
	if err != nil || timeout < recording+2*time.Second {
		f.add("timeout is %s, want at least RECORD_TIMEOUT (%s) and 2 s for the 503 and its log line", timeout, recording)
	}
	if !roleForm.MatchString(text(p, "role")) {
		f.add("role is %q, want acs:ram::ACCOUNT:role/NAME in lower case: without one there are no credentials for OSS", text(p, "role"))
	}
	if at(p, "logConfig", "project") == nil || at(p, "logConfig", "logstore") == nil {
		f.add("logConfig is %v, want project and logstore: `auto` makes others than the template's, and splits lines by dates", at(p, "logConfig"))
	}
	f.equal("logConfig.logBeginRule", text(p, "logConfig", "logBeginRule"), "None", "one line is one entry")
	want := fmt.Sprintf("acs:mns:%s:%s:/queues/%s/messages", text(s.vars, "region"), text(s.vars, "accountId"), text(s.vars, "deadLetterQueue"))
	f.equal("the destination of failed asynchronous invocations", text(p, "asyncInvokeConfig", "destinationConfig", "onFailure", "destination"), want, "the role may send there")
	return f
}

func number(v any, path ...any) float64 {
	switch n := at(v, path...).(type) {
	case int:
		return float64(n)
	case float64:
		return n
	default:
		return 0
	}
}

// checkEnvironment holds the variables that are set against those that the function reads.
func checkEnvironment(s *service, c code) (f findings) {
	base := s.raw
	if text(base, "extend") != "" {
		return nil // the other file's
	}
	set, _ := at(base, "resources", resource, "props", "environmentVariables").(mapping)
	for name := range members(set) {
		def, known := c.defaults[name]
		if !known {
			f.add("environmentVariables.%s: the function reads no such variable", name)
			continue
		}
		want := fmt.Sprintf("${env('%s', '%s')}", name, def)
		f.equal("environmentVariables."+name, text(set, name), want, "the value is the deployer's, the default the function's own")
	}
	for _, name := range slices.Sorted(maps.Keys(c.defaults)) {
		if _, ok := set[name]; !ok {
			f.add("environmentVariables.%s is missing: the function reads it", name)
		}
	}
	return f
}

func checkTriggers(s *service, c code) (f findings) {
	types := map[string]int{}
	for i, tr := range list(s.props, "triggers") {
		name, config := text(tr, "triggerName"), at(tr, "triggerConfig")
		types[text(tr, "triggerType")]++
		form := formHTTP
		switch kind := text(tr, "triggerType"); kind {
		case "http":
			f.equal(name+": authType", text(config, "authType"), "anonymous", "VOD and IMS cannot sign for the platform; the function checks their signature")
			f.equal(name+": methods", at(config, "methods"), []any{"POST"}, "callbacks are nothing else")
		case "mns_topic":
			f.in(name, checkTopic(s, tr))
			format := text(config, "notifyContentFormat")
			if format == "" {
				format = "STREAM" // the platform's default
			}
			f.equal(name+": notifyContentFormat", format, "JSON", "STREAM carries no message ID, which the record keeps; "+c.samples[formTopicJSON]+" is what is delivered")
			form = "mns_topic " + format
		case "eventbridge":
			if i != len(list(s.props, "triggers"))-1 {
				f.add("%s: is not the last trigger: a redeployment stops at it", name)
			}
			f.in(name, checkQueue(s, config))
			form = "eventbridge " + text(config, "eventSinkConfig", "deliveryOption", "eventSchema")
		default:
			f.add("%s: a trigger of the type %q is nothing that the function knows", name, kind)
			continue
		}
		if c.samples[form] == "" {
			f.add("%s: events/testdata has no delivery of the form %q", name, form)
		}
	}
	f.equal("the number of http triggers", types["http"], 1, "VOD and IMS call one URL")
	f.equal("the number of mns_topic triggers", types["mns_topic"], 1, "the template makes one topic")
	if s.file == queueFile {
		f.equal("the number of eventbridge triggers", types["eventbridge"], 1, "the template makes one callback queue")
	}
	return f
}

func checkTopic(s *service, tr any) (f findings) {
	arn := text(tr, "sourceArn")
	if m := topicForm.FindStringSubmatch(arn); m == nil {
		f.add("sourceArn is %q, want acs:mns:REGION:ACCOUNT:/topics/NAME", arn)
	} else {
		f.equal("the region of sourceArn", m[1], text(s.props, "region"), "topic and function stand in one region")
	}
	if role := text(tr, "invocationRole"); !roleForm.MatchString(role) {
		f.add("invocationRole is %q, want acs:ram::ACCOUNT:role/NAME: without one, every command makes a role that may invoke any function", role)
	}
	return f
}

func checkQueue(s *service, config any) (f findings) {
	f.equal("asyncInvocationType", text(config, "asyncInvocationType"), "false", "only a synchronous failure is retried by the stream")
	mns := at(config, "eventSourceConfig", "eventSourceParameters", "sourceMNSParameters")
	f.equal("eventSourceType", text(config, "eventSourceConfig", "eventSourceType"), "MNS", "it is a queue of SMQ")
	f.equal("RegionId", text(mns, "RegionId"), text(s.props, "region"), "queue and function stand in one region")
	f.equal("QueueName", text(mns, "QueueName"), text(s.vars, "queue"), "VOD and IMS deliver there")
	run := at(config, "runOptions")
	f.equal("mode", text(run, "mode"), "event-streaming", "batches come in streams only")
	f.equal("errorsTolerance", text(run, "errorsTolerance"), "ALL", "NONE, the default, stops the stream once the retries are used up")
	f.equal("PushRetryStrategy", text(run, "retryStrategy", "PushRetryStrategy"), "EXPONENTIAL_DECAY_RETRY", "the default gives up within a minute")
	dead := fmt.Sprintf("acs:mns:%s:%s:/queues/%s", text(s.vars, "region"), text(s.vars, "accountId"), text(s.vars, "deadLetterQueue"))
	f.equal("deadLetterQueue.Arn", text(run, "deadLetterQueue", "Arn"), dead, "without one, what could not be delivered is dropped")
	return f
}

// checkActions sees to it that nothing is built or sent unseen.
func checkActions(s *service) (f findings) {
	actions := at(s.raw, "resources", resource, "actions")
	if run := text(actions, "pre-deploy", 0, "run"); !strings.HasPrefix(run, "go run ./internal/deploy/preflight -deploy ") {
		f.add("actions.pre-deploy is %q, want it to begin with the preflight: else an unset key deploys a function that refuses every callback", run)
	}
	f.equal("actions.pre-${regex('deploy|local')}", text(actions, "pre-${regex('deploy|local')}", 0, "run"), "make build", "else what lies in target/ is deployed")
	return f
}

// checkExtension sees to it that the queue file adds the queue and changes nothing else.
func checkExtension(base, queue *service) (f findings) {
	f.equal("extend", text(queue.raw, "extend"), serviceFile, "it adds to that file")
	for name := range members(queue.raw) {
		if !slices.Contains([]string{"extend", "vars", "resources"}, name) {
			f.add("%s: it only adds the queue", name)
		}
	}
	for name := range members(queue.raw, "vars") {
		if _, ok := base.vars[name]; ok {
			f.add("vars.%s: is that of %s", name, serviceFile)
		}
	}
	for name := range members(queue.raw, "resources", resource, "props") {
		if name != "triggers" {
			f.add("props.%s: it only adds the queue", name)
		}
	}
	own, all := list(base.props, "triggers"), list(queue.props, "triggers")
	if len(all) != len(own)+1 || !reflect.DeepEqual(own, all[:len(own)]) {
		f.add("triggers: want those of %s, unchanged, and the queue's: `extend` replaces lists", serviceFile)
	}
	return f
}

// checkParameters sees to it that people of both languages are told what to enter.
func checkParameters(s stack) (f findings) {
	f.equal("ROSTemplateFormatVersion", text(s.mapping, "ROSTemplateFormatVersion"), "2015-09-01", "there is no other")
	told := func(where string, v any) {
		for _, language := range []string{"en", "zh-cn"} {
			if text(v, language) == "" {
				f.add("%s has no text in %s", where, language)
			}
		}
	}
	told("Description", at(s.mapping, "Description"))
	for name, p := range members(s.mapping, "Parameters") {
		told(name+": Label", at(p, "Label"))
		told(name+": Description", at(p, "Description"))
		if strings.HasSuffix(name, "Key") {
			f.equal(name+": NoEcho", text(p, "NoEcho"), "true", "it is a secret")
			f.equal(name+": Default", text(p, "Default"), "", "it is a secret")
		}
	}
	for _, name := range []string{"Name", "BucketName"} {
		if text(s.mapping, "Parameters", name, "AllowedPattern") == "" {
			f.add("%s has no AllowedPattern: a malformed name would fail half-way", name)
		}
	}
	return f
}

// checkKept looks at what must survive, and how it is protected.
func checkKept(s stack) (f findings) {
	for kind := range map[string]bool{"ALIYUN::OSS::Bucket": true, "ALIYUN::SLS::Project": true, "ALIYUN::SLS::Logstore": true} {
		n := 0
		for name := range s.ofType(kind) {
			n++
			f.equal(name+": DeletionPolicy", text(s.mapping, "Resources", name, "DeletionPolicy"), "Retain", "records outlive the stack")
		}
		f.equal("the number of "+kind, n, 1, "one is needed")
	}
	for name, p := range s.ofType("ALIYUN::OSS::Bucket") {
		f.equal(name+": AccessControl", text(p, "AccessControl"), "private", "records are nobody else's business")
		f.equal(name+": BlockPublicAccess", text(p, "BlockPublicAccess"), "true", "records are nobody else's business")
		if at(p, "VersioningConfiguration") != nil {
			f.add("%s: VersioningConfiguration voids x-oss-forbid-overwrite, by which a record is written once", name)
		}
		if text(p, "ServerSideEncryptionConfiguration", "SSEAlgorithm") == "" {
			f.add("%s: is not encrypted", name)
		}
		bucket, err := s.eval(at(p, "BucketName"))
		if err != nil || !bucketForm.MatchString(bucket) {
			f.add("%s: BucketName is %q by default, want 3 to 63 lower-case letters, digits and inner hyphens (%v)", name, bucket, err)
		}
		for _, rule := range list(p, "LifecycleConfiguration", "Rule") {
			prefix, err := s.eval(at(rule, "Prefix"))
			if err != nil || !strings.HasSuffix(prefix, "/rejected/") {
				f.add("%s: the lifecycle rule %s expires %q, want only what is below rejected/ (%v)", name, text(rule, "ID"), prefix, err)
			}
		}
	}
	for name, r := range members(s.mapping, "Resources") {
		if kind := text(r, "Type"); strings.HasPrefix(kind, "ALIYUN::FC") {
			f.add("%s: %s is declared in %s", name, kind, serviceFile)
		}
	}
	return f
}

// platform are the index fields that Function Compute writes beside the function's own lines.
var platform = []string{"functionName", "requestId", "hasFunctionError", "errorType", "isColdStart", "durationMs", "memoryUsageMB"}

// indexed returns the fields of the index, those of the function's lines with message. before them.
func indexed(s stack) map[string]bool {
	fields := map[string]bool{}
	for _, index := range s.ofType("ALIYUN::SLS::Index") {
		for _, key := range list(index, "KeyIndices") {
			name := text(key, "Name")
			fields[name] = true
			for _, inner := range list(key, "JsonKeyIndices") {
				fields[name+"."+text(inner, "Name")] = text(inner, "EnableAnalytics") == "true"
			}
		}
	}
	return fields
}

// checkIndex holds the index against what is logged.
func checkIndex(s stack, c code) (f findings) {
	fields := indexed(s)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		name, ours := strings.CutPrefix(field, "message.")
		switch {
		case field == "message" || slices.Contains(platform, field):
		case !ours || !writes(c.log, name):
			f.add("the index has the field %s, which nothing writes", field)
		}
	}
	for _, name := range []string{"msg", "status", "error_code", "trigger", "media_id", "project_id"} {
		if !fields["message."+name] {
			f.add("the index lacks message.%s, or its analytics: it could not be searched and counted", name)
		}
	}
	return f
}

func writes(log map[string]map[string]bool, member string) bool {
	for _, members := range log {
		if members[member] {
			return true
		}
	}
	return false
}

var (
	queryField = regexp.MustCompile(`(\bmessage\.[\w.]+)|\b(\w+): `)
	queryMsg   = regexp.MustCompile(`message\.msg: (\w+)`)
)

// checkWatched holds saved searches, dashboard and alerts against the index and the log.
func checkWatched(s stack, c code) (f findings) {
	fields := indexed(s)
	queries := map[string]string{}
	for name, p := range s.ofType("ALIYUN::SLS::Savedsearch") {
		queries[name] = text(p, "Detail", "SearchQuery")
	}
	for name, p := range s.ofType("ALIYUN::SLS::Dashboard") {
		for _, chart := range list(p, "Charts") {
			queries[name+"."+text(chart, "title")] = text(chart, "search", "query")
		}
	}
	alerted := map[string]bool{}
	for name, p := range s.ofType("ALIYUN::SLS::Alert") {
		query := text(p, "Detail", "Configuration", "QueryList", 0, "Query")
		queries[name] = query
		search, _, _ := strings.Cut(query, " |")
		alerted[search] = true
	}
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		for _, m := range queryField.FindAllStringSubmatch(queries[name], -1) {
			if field := m[1] + m[2]; !fields[field] {
				f.add("%s asks for %s, which the index lacks", name, field)
			}
		}
		msg := queryMsg.FindStringSubmatch(queries[name])
		if msg == nil {
			continue
		}
		if c.log[msg[1]] == nil {
			f.add("%s asks for message.msg: %s, which the function never logs", name, msg[1])
			continue
		}
		for _, m := range queryField.FindAllStringSubmatch(queries[name], -1) {
			if member, ours := strings.CutPrefix(m[1], "message."); ours && !c.log[msg[1]][member] {
				f.add("%s asks for %s in %s lines, which do not have it", name, m[1], msg[1])
			}
		}
	}
	for _, search := range []string{"message.msg: unrecorded", "message.msg: recorded and message.status: fail"} {
		if !alerted[search] {
			f.add("there is no alert for %q", search)
		}
	}
	return f
}

// checkRoles sees to it that the roles may do what is needed, where it is needed, and no more.
func checkRoles(s stack, c code) (f findings) {
	name := text(s.mapping, "Parameters", "Name", "Default")
	arn := func(format string, args ...any) string {
		return strings.NewReplacer("REGION", region, "ACCOUNT", account).Replace(fmt.Sprintf(format, args...))
	}
	bucket, _ := s.attribute("Bucket", "Name")
	project, _ := s.attribute("LogProject", "Name")
	logstore, _ := s.attribute("Logstore", "LogstoreName")
	dead, _ := s.attribute("DeadLetterQueue", "QueueName")
	function := map[string][]string{ // what the platform does as the function: its log, its dead letters
		"log:PostLogStoreLogs": {arn("acs:log:REGION:ACCOUNT:project/%s/logstore/%s", project, logstore)},
		"mns:SendMessage":      {arn("acs:mns:REGION:ACCOUNT:/queues/%s/messages", dead)},
	}
	for _, action := range c.actions {
		function[action] = []string{arn("acs:oss:*:ACCOUNT:%s/%s/*", bucket, text(s.mapping, "Parameters", "Prefix", "Default"))}
	}
	invoke := map[string][]string{"fc:InvokeFunction": {arn("acs:fc:REGION:ACCOUNT:functions/%s", name), arn("acs:fc:REGION:ACCOUNT:functions/%s/*", name)}}
	f = append(f, checkRole(s, "FunctionRole", "fc.aliyuncs.com", function)...)
	f = append(f, checkRole(s, "TriggerRole", "mns.aliyuncs.com", invoke)...)
	for role := range s.ofType("ALIYUN::RAM::Role") {
		if role != "FunctionRole" && role != "TriggerRole" {
			f.add("%s: a role that nobody needs", role)
		}
	}
	return f
}

func checkRole(s stack, role, service string, want map[string][]string) (f findings) {
	p := at(s.mapping, "Resources", role, "Properties")
	if p == nil {
		f.add("%s is missing", role)
		return f
	}
	if at(p, "PolicyAttachments") != nil {
		f.add("%s: PolicyAttachments allows more than the function needs", role)
	}
	f.equal(role+": trusted services", at(p, "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"), []any{service}, "nobody else acts as it")
	got := map[string][]string{}
	for _, policy := range list(p, "Policies") {
		for _, statement := range list(policy, "PolicyDocument", "Statement") {
			for _, action := range list(statement, "Action") {
				for _, where := range list(statement, "Resource") {
					arn, err := s.eval(where)
					if err != nil {
						f.add("%s: %w", role, err)
					}
					got[fmt.Sprint(action)] = append(got[fmt.Sprint(action)], arn)
				}
			}
		}
	}
	for _, action := range slices.Sorted(maps.Keys(got)) {
		if want[action] == nil {
			f.add("%s: %s is allowed, and nothing needs it", role, action)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(want)) {
		f.equal(role+": resources of "+action, got[action], want[action], "that is what it is needed for")
	}
	return f
}

// checkOutputs holds what the template makes against what the service files count on.
func checkOutputs(s stack, queue *service) (f findings) {
	unseen := maps.Clone(queue.vars)
	delete(unseen, "timeout") // of the function alone
	for name, output := range members(s.mapping, "Outputs") {
		value, err := s.eval(at(output, "Value"))
		if err != nil {
			f.add("Outputs.%s: %w", name, err)
			continue
		}
		if name == "RecordTo" {
			if want := "oss://" + text(queue.vars, "bucket") + "/"; !strings.HasPrefix(value, want) {
				f.add("Outputs.RecordTo is %q, want it to begin with %s", value, want)
			}
			continue
		}
		variable := strings.ToLower(name[:1]) + name[1:]
		if _, ok := queue.vars[variable]; !ok {
			f.add("Outputs.%s: there is no vars.%s in %s", name, variable, queueFile)
			continue
		}
		delete(unseen, variable)
		f.equal("Outputs."+name, value, text(queue.vars, variable), "vars."+variable+" says so")
	}
	for _, name := range slices.Sorted(maps.Keys(unseen)) {
		f.add("there is no output for vars.%s", name)
	}
	return f
}

var secrets = map[string]*regexp.Regexp{
	"an access key ID":               regexp.MustCompile(`\bLTAI[A-Za-z0-9]{12,}\b`),
	"a value of VOD_CALLBACK_KEYS":   regexp.MustCompile(`VOD_CALLBACK_KEYS['"]?\s*[:=,]\s*['"]?[A-Za-z0-9]{4,}`),
	"a value of an access key":       regexp.MustCompile(`(?i)access_?key_?(id|secret)['"]?\s*[:=]\s*['"]?[A-Za-z0-9]{8,}`),
	"a value of AuthKey":             regexp.MustCompile(`AuthKey:\s*['"]?[A-Za-z0-9]{4,}`),
	"a private key or a certificate": regexp.MustCompile(`-----BEGIN `),
}

// checkSecrets looks for what must not be in a file that everyone reads.
func checkSecrets(content string) (f findings) {
	for _, what := range slices.Sorted(maps.Keys(secrets)) {
		if secrets[what].MatchString(content) {
			f.add("%s stands in the file", what)
		}
	}
	return f
}
