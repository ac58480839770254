// Package deploytest holds the files of the deployment, s.yaml, s.queue.yaml and template.yml, against each
// other and against the code: what no schema can know. `make validate` runs it.
package deploytest

import (
	"maps"
	"strings"
	"testing"
)

func TestDeployment(t *testing.T) {
	t.Parallel()
	if err := check(readProject(t), readCode(t), nil, account); err != nil {
		t.Error(err)
	}
}

// TestDeploymentOfOthers looks at the files with other values of the variables that a deployer sets.
func TestDeploymentOfOthers(t *testing.T) {
	t.Parallel()
	p := readProject(t)
	tests := []struct {
		name    string
		env     map[string]string
		account string
		want    string
	}{
		{name: "account is a name", account: "my-account", want: `vars.accountId is "my-account"`},
		{name: "no account", account: "", want: `vars.accountId is ""`},
		{name: "region is a city", env: map[string]string{"REGION": "Shanghai"}, account: account, want: `vars.region is "Shanghai"`},
		{name: "name in capitals", env: map[string]string{"FUNCTION_NAME": "Recorder"}, account: account, want: `vars.bucket is "Recorder-`},
		{name: "name too long", env: map[string]string{"FUNCTION_NAME": strings.Repeat("n", 29)}, account: account, want: "vars.functionName is"},
		{name: "another region", env: map[string]string{"REGION": "ap-southeast-1"}, account: account},
		{name: "longest name", env: map[string]string{"REGION": "cn-heyuan-acdr-1", "FUNCTION_NAME": strings.Repeat("n", 28)}, account: account},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := newService(p, queueFile, tt.env, tt.account)
			if err != nil {
				t.Fatal(err)
			}
			var found findings
			found.in(s.file, checkNames(s))
			found.in(s.file, checkFunction(s))
			switch {
			case tt.want == "" && len(found) > 0:
				t.Error(found)
			case tt.want != "" && !says(found, tt.want):
				t.Errorf("found %v, want %q", found, tt.want)
			}
		})
	}
}

func says(found findings, want string) bool {
	for _, err := range found {
		if strings.Contains(err.Error(), want) {
			return true
		}
	}
	return false
}

// TestBrokenDeployment breaks a copy of the files, one thing at a time.
func TestBrokenDeployment(t *testing.T) {
	t.Parallel()
	good, c := readProject(t), readCode(t)
	tests := []struct {
		name     string
		file     string
		old, new string // every old becomes new
		want     string
	}{
		// The function
		{"wrong runtime", serviceFile, "runtime: go1", "runtime: custom.debian12", "runtime is custom.debian12, want go1"},
		{"wrong handler", serviceFile, "handler: main", "handler: index.handler", "handler is index.handler, want main"},
		{"wrong folder", serviceFile, "code: ./target", "code: ./", "code is ./, want ./target"},
		{"too short a time-out", serviceFile, "timeout: 10", "timeout: 3", "timeout is 3s, want at least RECORD_TIMEOUT"},
		{"too much cpu", serviceFile, "cpu: 0.1", "cpu: 0.5", "memorySize in GB is 0.25 times cpu"},
		{"no role", serviceFile, "      role: ${vars.functionRole}\n", "", `role is ""`},
		{"role without account", serviceFile, "functionRole: acs:ram::${vars.accountId}:role/", "functionRole: acs:ram:::role/", "vars.functionRole is"},
		{"role in capitals", serviceFile, "role/${vars.functionName}\n", "role/Recorder\n", "vars.functionRole is"},
		{"logConfig auto", serviceFile, logConfig, "      logConfig: auto\n", "logConfig is auto, want project and logstore"},
		{"lines split by dates", serviceFile, "logBeginRule: None", "logBeginRule: DefaultRegex", "logBeginRule is DefaultRegex, want None"},
		{"another destination", serviceFile, "/queues/${vars.deadLetterQueue}/messages", "/queues/elsewhere/messages", "the destination of failed asynchronous invocations is"},
		{"no preflight", serviceFile, "go run ./internal/deploy/preflight -deploy", "true", "actions.pre-deploy is"},
		{"no build", serviceFile, "make build", "true", "want make build"},
		{"an action that never runs", serviceFile, "pre-${regex('deploy|local')}", "pre-deploy|local", "want make build"},
		{"unresolvable", serviceFile, "${vars.logProject}", "${vars.project}", "${vars.project} refers to a variable that is not there"},
		{"required from the shell", serviceFile, "${env('LOG_LEVEL', 'info')}", "${env('LOG_LEVEL')}", "want ${env('NAME', 'default')}"},

		// Its environment
		{"missing variable", serviceFile, "        LOG_LEVEL: ${env('LOG_LEVEL', 'info')}\n", "", "environmentVariables.LOG_LEVEL is missing"},
		{"variable that nothing reads", serviceFile, "        LOG_LEVEL:", "        LOGLEVEL: ${env('LOGLEVEL', '')}\n        LOG_LEVEL:", "environmentVariables.LOGLEVEL: the function reads no such variable"},
		{"another default", serviceFile, "'RECORD_TIMEOUT', '2s'", "'RECORD_TIMEOUT', '3s'", "environmentVariables.RECORD_TIMEOUT is"},
		{"key in the file", serviceFile, "${env('VOD_CALLBACK_KEYS', '')}", "Sample0Key", "a value of VOD_CALLBACK_KEYS stands in the file"},
		{"key as the default", serviceFile, "'VOD_CALLBACK_KEYS', ''", "'VOD_CALLBACK_KEYS', 'Sample0Key'", "a value of VOD_CALLBACK_KEYS stands in the file"},
		{"access key in the file", serviceFile, "access: default", "access: default # LTAI" + "5tExampleExample", "an access key ID stands in the file"},

		// Names
		{"malformed bucket", serviceFile, "bucket: ${vars.functionName}-", "bucket: ${vars.functionName}_", "vars.bucket is"},
		{"account in letters", serviceFile, "${config('AccountID')}", "my-account", `vars.accountId is "my-account"`},
		{"another log project", serviceFile, "logProject: ${vars.functionName}-", "logProject: log-${vars.functionName}-", "vars.logProject says so"},
		{"another topic", serviceFile, "topic: ${vars.functionName}", "topic: events", "vars.topic says so"},
		{"another queue", queueFile, "queue: ice-callback-", "queue: ", "vars.queue says so"},
		{"another role", templateFile, "RoleName: !Sub '${Name}-mns'", "RoleName: !Sub '${Name}-trigger'", "vars.triggerRole says so"},

		// Its triggers
		{"no http trigger", serviceFile, "triggerType: http", "triggerType: timer", "the number of http triggers is 0"},
		{"platform authentication", serviceFile, "authType: anonymous", "authType: function", "authType is function, want anonymous"},
		{"more methods", serviceFile, "methods: [POST]", "methods: [GET, POST]", "methods is [GET POST], want [POST]"},
		{"topic as a stream", serviceFile, "notifyContentFormat: JSON", "notifyContentFormat: STREAM", "notifyContentFormat is STREAM, want JSON"},
		{"topic in the default form", serviceFile, "            notifyContentFormat: JSON\n", "", "notifyContentFormat is STREAM, want JSON"},
		{"topic ARN without slash", serviceFile, ":/topics/", ":topics/", "sourceArn is"},
		{"topic in another region", serviceFile, "acs:mns:${vars.region}:${vars.accountId}:/topics", "acs:mns:cn-beijing:${vars.accountId}:/topics", "the region of sourceArn is cn-beijing"},
		{"no invocation role", serviceFile, "          invocationRole: ${vars.triggerRole}\n", "", `invocationRole is ""`},

		// The queue
		{"extends nothing", queueFile, "extend: s.yaml\n", "", "${vars.functionName} refers to a variable that is not there"},
		{"changes the function", queueFile, "    props:\n", "    props:\n      timeout: 60\n", "props.timeout: it only adds the queue"},
		{"drops the topic's role", queueFile, "          invocationRole: ${vars.triggerRole}\n", "", "want those of s.yaml, unchanged"},
		{"asynchronous", queueFile, "asyncInvocationType: false", "asyncInvocationType: true", "asyncInvocationType is true, want false"},
		{"single events", queueFile, "mode: event-streaming", "mode: event-driven", "mode is event-driven"},
		{"few retries", queueFile, "EXPONENTIAL_DECAY_RETRY\n              #", "BACKOFF_RETRY\n              #", "PushRetryStrategy is BACKOFF_RETRY"},
		{"stops when it fails", queueFile, "errorsTolerance: ALL", "errorsTolerance: NONE", "errorsTolerance is NONE, want ALL"},
		{"no dead-letter queue", queueFile, "deadLetterQueue:\n", "deadLetters:\n", "deadLetterQueue.Arn is , want"},
		{"unknown schema", queueFile, "eventSchema: CloudEvents", "eventSchema: Avro", `no delivery of the form "eventbridge Avro"`},

		// The template
		{"twice the same key", templateFile, "      AccessControl: private\n", "      AccessControl: private\n      AccessControl: private\n", "AccessControl is there twice"},
		{"public bucket", templateFile, "AccessControl: private", "AccessControl: public-read", "AccessControl is public-read, want private"},
		{"versioned bucket", templateFile, "      StorageClass: Standard\n", "      VersioningConfiguration: {Status: Enabled}\n", "voids x-oss-forbid-overwrite"},
		{"malformed bucket name", templateFile, "'${Name}-${ALIYUN::TenantId}-${ALIYUN::Region}'", "'${Name}_${ALIYUN::TenantId}'", `BucketName is "vod-callback-recorder_`},
		{"any bucket name", templateFile, "    AllowedPattern: '^$|^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$'\n", "", "BucketName has no AllowedPattern"},
		{"outcomes expire", templateFile, "'${Prefix}/rejected/'", "'${Prefix}/'", `expires "outcomes/"`},
		{"bucket goes with the stack", templateFile, "DeletionPolicy: Retain", "DeletionPolicy: Delete", "Bucket: DeletionPolicy is Delete"},
		{"function in both files", templateFile, "  FunctionRole:\n    Type: ALIYUN::RAM::Role", "  Again:\n    Type: ALIYUN::FC3::Function\n  FunctionRole:\n    Type: ALIYUN::RAM::Role", "ALIYUN::FC3::Function is declared in s.yaml"},
		{"no Chinese", templateFile, "      en: Name\n      zh-cn: 名称\n", "      en: Name\n", "Name: Label has no text in zh-cn"},
		{"key is shown", templateFile, "    NoEcho: true\n", "", "VodCallbackKey: NoEcho is"},
		{"key in the template", templateFile, "AuthKey: !Ref VodCallbackKey", "AuthKey: Sample0Key", "a value of AuthKey stands in the file"},
		{"misnamed output", templateFile, "\n  LogProject:\n    Description:", "\n  Project:\n    Description:", "there is no vars.project"},

		// The log
		{"index field that nothing writes", templateFile, "{Name: status,", "{Name: state,", "message.state, which nothing writes"},
		{"nested field that nothing writes", templateFile, "{Name: outcome.error_code,", "{Name: outcome.code,", "message.outcome.code, which nothing writes"},
		{"index field missing", templateFile, "            - {Name: media_id, Type: text, EnableAnalytics: true}\n", "", "the index lacks message.media_id"},
		{"not to be counted", templateFile, "{Name: error_code, Type: text, EnableAnalytics: true}", "{Name: error_code, Type: text}", "the index lacks message.error_code"},
		{"search for a field without index", templateFile, "message.status: fail'", "message.state: fail'", "SearchFailedEdits asks for message.state"},
		{"search for what is never logged", templateFile, "'message.msg: refused'", "'message.msg: denied'", "message.msg: denied, which the function never logs"},
		{"search for another line's field", templateFile, "'message.msg: refused'", "'message.msg: refused and message.status: fail'", "message.status in refused lines, which do not have it"},
		{"no alert", templateFile, "'message.msg: unrecorded | SELECT count(1) AS deliveries, arbitrary", "'message.msg: rejected | SELECT count(1) AS deliveries, arbitrary", `no alert for "message.msg: unrecorded"`},

		// The roles
		{"action too wide", templateFile, "['oss:PutObject']", "['oss:*']", "oss:* is allowed, and nothing needs it"},
		{"one action more", templateFile, "['oss:PutObject']", "['oss:PutObject', 'oss:GetObject']", "oss:GetObject is allowed, and nothing needs it"},
		{"one action less", templateFile, "['oss:PutObject']", "['oss:PutObjectAcl']", "resources of oss:PutObject is []"},
		{"whole bucket", templateFile, "${Bucket.Name}/${Prefix}/*", "${Bucket.Name}/*", "resources of oss:PutObject is"},
		{"every log", templateFile, "project/${LogProject.Name}/logstore/${Logstore.LogstoreName}", "project/*", "resources of log:PostLogStoreLogs is"},
		{"every queue", templateFile, "/queues/${DeadLetterQueue.QueueName}/messages", "/queues/*", "resources of mns:SendMessage is"},
		{"every function", templateFile, "functions/${Name}/*", "functions/*", "resources of fc:InvokeFunction is"},
		{"system policy", templateFile, "      Policies:\n        - PolicyName: !Sub '${Name}-write'", "      PolicyAttachments: {System: [AliyunOSSFullAccess]}\n      Policies:\n        - PolicyName: !Sub '${Name}-write'", "PolicyAttachments allows more"},
		{"trusts another service", templateFile, "Service: [fc.aliyuncs.com]", "Service: [ecs.aliyuncs.com]", "trusted services is [ecs.aliyuncs.com]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := maps.Clone(good)
			p[tt.file] = strings.ReplaceAll(p[tt.file], tt.old, tt.new)
			if p[tt.file] == good[tt.file] {
				t.Fatalf("%s does not have %q to break", tt.file, tt.old)
			}
			err := check(p, c, nil, account)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("found %v\nwant %q", err, tt.want)
			}
		})
	}
}

// logConfig is how s.yaml has it.
const logConfig = `      logConfig:
        project: ${vars.logProject}
        logstore: ${vars.logstore}
        enableRequestMetrics: true
        enableInstanceMetrics: false
        # None: one line, one entry. The function writes one JSON object a line; ` + "`auto`" + ` would set DefaultRegex.
        logBeginRule: None
`
