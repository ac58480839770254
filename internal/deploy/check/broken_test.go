package check

// broken are edits after which a deployment would not work, or would lose or show something, each with what is said.
var broken = []struct {
	name string
	edit
	want string
}{
	// What fc3 drops or refuses
	{"misspelt key of the file", edit{ServiceFile, "\nvars:\n", "\nvar:\n"}, "the file.var is not a key that is known; did you mean vars?"},
	{"misspelt key of the resource", edit{ServiceFile, "    component: fc3", "    componet: fc3"}, "the resource.componet is not a key that is known; did you mean component?"},
	{"misspelt key of the function", edit{ServiceFile, "      timeout:", "      timeOut:"}, "props.timeOut is not a key that is known; did you mean timeout?"},
	{"misspelt memory", edit{ServiceFile, "memorySize:", "memorysize:"}, "props.memorysize is not a key that is known; did you mean memorySize?"},
	{"misspelt key of the log", edit{ServiceFile, "logBeginRule:", "logBeginrule:"}, "props.logConfig.logBeginrule is not a key that is known"},
	{"misspelt cap", edit{ServiceFile, "reservedConcurrency:", "reservedConcurency:"}, "props.concurrencyConfig.reservedConcurency is not a key that is known"},
	{"misspelt retries", edit{ServiceFile, "maxAsyncRetryAttempts:", "maxAsyncRetryAttempt:"}, "props.asyncInvokeConfig.maxAsyncRetryAttempt is not a key that is known"},
	{"misspelt destination", edit{ServiceFile, "onFailure:", "onFail:"}, "props.asyncInvokeConfig.destinationConfig.onFail is not a key that is known"},
	{"misspelt key of a trigger", edit{ServiceFile, "          sourceArn:", "          sourceARN:"}, "trigger topic: it.sourceARN is not a key that is known; did you mean sourceArn?"},
	{"misspelt qualifier", edit{ServiceFile, "qualifier:", "qualifer:"}, "it.qualifer is not a key that is known"},
	{"misspelt key of the http trigger", edit{ServiceFile, "authType:", "authtype:"}, "triggerConfig.authtype is not a key that is known; did you mean authType?"},
	{"misspelt key of the topic trigger", edit{ServiceFile, "notifyStrategy:", "notifyStrategie:"}, "triggerConfig.notifyStrategie is not a key that is known"},
	{"misspelt key of the queue trigger", edit{QueueFile, "triggerEnable:", "triggerEnabled:"}, "triggerConfig.triggerEnabled is not a key that is known"},
	{"misspelt key of the run options", edit{QueueFile, "errorsTolerance:", "errorTolerance:"}, "triggerConfig.runOptions.errorTolerance is not a key that is known"},
	{"misspelt key of the window", edit{QueueFile, "TimeBasedWindow:", "timeBasedWindow:"}, "batchWindow.timeBasedWindow is not a key that is known"},
	{"misspelt key of the queue", edit{QueueFile, "QueueName:", "queueName:"}, "sourceMNSParameters.queueName is not a key that is known"},
	{"key of an older API", edit{QueueFile, "              mode: event-streaming\n", "              mode: event-streaming\n              maximumTasks: 1\n"}, "runOptions.maximumTasks is not a key that is known"},
	{"misspelt key of the timer", edit{ReconcileFile, "cronExpression:", "cron:"}, "triggerConfig.cron is not a key that is known"},
	{"number as a text", edit{ServiceFile, "timeout: 10", "timeout: '10'"}, `props.timeout is "10", want number 1..86400`},
	{"odd disk", edit{ServiceFile, "diskSize: 512", "diskSize: 1024"}, `props.diskSize is "1024", want 10240, 512`},
	{"too much memory", edit{ServiceFile, "memorySize: 128", "memorySize: 65536"}, "props.memorySize is"},
	{"odd memory", edit{ServiceFile, "memorySize: 128", "memorySize: 150"}, "want a multiple of 64"},
	{"too much cpu", edit{ServiceFile, "cpu: 0.1", "cpu: 0.5"}, "memorySize in GB is 0.25 times cpu"},
	{"alias from a variable", edit{ServiceFile, "access: default", "access: ${env('ACCESS', 'default')}"}, "access is ${env('ACCESS', 'default')}: Serverless Devs takes a plain alias"},
	{"another component", edit{ServiceFile, "fc3@0.1.22", "fc@0.1.35"}, `component is "fc@0.1.35", want fc3@VERSION`},

	// The function
	{"wrong runtime", edit{ServiceFile, "runtime: go1", "runtime: custom.debian12"}, "runtime is custom.debian12, want go1"},
	{"wrong handler", edit{ServiceFile, "handler: main", "handler: index.handler"}, "handler is index.handler, want main"},
	{"wrong folder", edit{ServiceFile, "code: ./target", "code: ./"}, "code is ./, want ./target"},
	{"no role", edit{ServiceFile, "      role: ${vars.functionRole}\n", ""}, "role is , want acs:ram::"},
	{"another role", edit{ServiceFile, "role/${vars.functionName}\n", "role/recorder\n"}, "role/recorder, want acs:ram::1234567890123456:role/vod-callback-recorder"},
	{"role in capitals", edit{ServiceFile, "role/${vars.functionName}\n", "role/Recorder\n"}, "Serverless Devs makes it lower case"},
	{"role without account", edit{ServiceFile, "functionRole: acs:ram::${vars.accountId}:role/", "functionRole: acs:ram:::role/"}, "role is acs:ram:::role/"},
	{"logConfig auto", edit{ServiceFile, logConfig, "      logConfig: auto\n"}, `props.logConfig is "auto", want a mapping`},
	{"lines split by dates", edit{ServiceFile, "logBeginRule: None", "logBeginRule: DefaultRegex"}, "logConfig.logBeginRule is DefaultRegex, want None"},
	{"another log project", edit{ServiceFile, "logProject: ${vars.functionName}-", "logProject: log-${vars.functionName}-"}, "logConfig.project is log-vod-callback-recorder-"},
	{"another logstore", edit{ServiceFile, "logstore: function", "logstore: functions"}, "logConfig.logstore is functions, want function"},
	{"no retries", edit{ServiceFile, "maxAsyncRetryAttempts: 3", "maxAsyncRetryAttempts: 0"}, "maxAsyncRetryAttempts is 0"},
	{"another destination", edit{ServiceFile, "/queues/${vars.deadLetterQueue}/messages", "/queues/elsewhere/messages"}, "onFailure.destination is"},
	{"no destination", edit{ServiceFile, "            destination: acs", "            # destination: acs"}, "onFailure.destination is , want"},
	{"nothing may run", edit{ServiceFile, "reservedConcurrency: 10", "reservedConcurrency: 0"}, "nothing would run"},
	{"no preflight", edit{ServiceFile, "go run ./internal/deploy preflight", "true"}, "no action before `s deploy` runs \"internal/deploy preflight\""},
	{"no build", edit{ServiceFile, "make build", "true"}, `runs "make build"`},
	{"an action that never runs", edit{ServiceFile, "pre-${regex('deploy|local')}", "pre-deploy|local"}, `runs "make build"`},
	{"unresolvable", edit{ServiceFile, "${vars.logProject}", "${vars.project}"}, "${vars.project} refers to a variable that is not there"},
	{"required and not set", edit{ServiceFile, "${env('LOG_LEVEL', 'info')}", "${env('LOG_LEVEL')}"}, "LOG_LEVEL is not set and has no default"},
	{"not YAML", edit{ServiceFile, "props:\n", "props: [\n"}, "s.yaml: yaml:"},

	// Its environment
	{"missing variable", edit{ServiceFile, "        LOG_LEVEL: ${env('LOG_LEVEL', 'info')}\n", ""}, "environmentVariables.LOG_LEVEL is missing"},
	{"misspelt variable", edit{ServiceFile, "        LOG_LEVEL:", "        LOG_LEVL:"}, "environmentVariables.LOG_LEVL: the function reads no such variable; did you mean LOG_LEVEL?"},
	{"another variable's value", edit{ServiceFile, "${env('LOG_LEVEL', 'info')}", "${env('LOGLEVEL', 'info')}"}, "environmentVariables.LOG_LEVEL is taken from LOGLEVEL"},
	{"key in the file", edit{ServiceFile, "${env('VOD_CALLBACK_KEYS', '')}", "Sample0Key"}, "a value of VOD_CALLBACK_KEYS stands in the file"},
	{"key as the default", edit{ServiceFile, "'VOD_CALLBACK_KEYS', ''", "'VOD_CALLBACK_KEYS', 'Sample0Key'"}, "a value of VOD_CALLBACK_KEYS stands in the file"},
	{"access key in the file", edit{ServiceFile, "access: default", "access: default # LTAI" + "5tExampleExample"}, "an access key ID stands in the file"},

	// Its triggers
	{"no http trigger", edit{ServiceFile, "triggerType: http", "triggerType: timer"}, "the number of triggers of the type http is 0"},
	{"trigger that it cannot read", edit{ServiceFile, "triggerType: mns_topic", "triggerType: oss"}, `no deliveries of a trigger of the type "oss"`},
	{"platform authentication", edit{ServiceFile, "authType: anonymous", "authType: function"}, "authType is function, want anonymous"},
	{"more methods", edit{ServiceFile, "methods: [POST]", "methods: [GET, POST]"}, "methods is [GET POST], want [POST]"},
	{"unknown method", edit{ServiceFile, "methods: [POST]", "methods: [PSOT]"}, `triggerConfig.methods[0] is "PSOT"`},
	{"URL out of reach", edit{ServiceFile, "disableURLInternet: false", "disableURLInternet: true"}, "disableURLInternet is true"},
	{"topic as a stream", edit{ServiceFile, "notifyContentFormat: JSON", "notifyContentFormat: STREAM"}, "notifyContentFormat is STREAM, want JSON"},
	{"topic in the default form", edit{ServiceFile, "            notifyContentFormat: JSON\n", ""}, "triggerConfig.notifyContentFormat is missing"},
	{"another topic", edit{ServiceFile, "topic: ${vars.functionName}", "topic: events"}, "sourceArn is acs:mns:cn-shanghai:1234567890123456:/topics/events, want"},
	{"another topic, literally", edit{ServiceFile, ":/topics/${vars.topic}", ":/topics/events"}, "sourceArn is acs:mns:cn-shanghai:1234567890123456:/topics/events, want"},
	{"topic ARN without slash", edit{ServiceFile, ":/topics/", ":topics/"}, "sourceArn is"},
	{"topic in another region", edit{ServiceFile, "acs:mns:${vars.region}:${vars.accountId}:/topics", "acs:mns:cn-beijing:${vars.accountId}:/topics"}, "sourceArn is acs:mns:cn-beijing"},
	{"no invocation role", edit{ServiceFile, "          invocationRole: ${vars.triggerRole}\n", ""}, "invocationRole is , want"},

	// The queue
	{"extends nothing", edit{QueueFile, "extend: s.yaml\n", ""}, "${vars.functionName} refers to a variable that is not there"},
	{"extends another file", edit{QueueFile, "extend: s.yaml", "extend: s.yml"}, "there is no file s.yml to extend"},
	{"drops the topic's role", edit{QueueFile, "          invocationRole: ${vars.triggerRole}\n", ""}, "want those of s.yaml, unchanged"},
	{"no queue trigger", edit{QueueFile, "triggerType: eventbridge", "triggerType: timer"}, "the number of triggers of the type eventbridge is 0"},
	{"another queue", edit{QueueFile, "queue: ice-callback-", "queue: "}, "QueueName is vod-callback-recorder, want ice-callback-vod-callback-recorder"},
	{"disabled", edit{QueueFile, "triggerEnable: true", "triggerEnable: false"}, "triggerEnable is false, want true"},
	{"asynchronous", edit{QueueFile, "asyncInvocationType: false", "asyncInvocationType: true"}, "asyncInvocationType is true, want false"},
	{"filter that is not JSON", edit{QueueFile, "eventRuleFilterPattern: '{}'", "eventRuleFilterPattern: '{source}'"}, `eventRuleFilterPattern is "{source}"`},
	{"empty filter", edit{QueueFile, "eventRuleFilterPattern: '{}'", "eventRuleFilterPattern: ''"}, `eventRuleFilterPattern is ""`},
	{"unknown source", edit{QueueFile, "eventSourceType: MNS", "eventSourceType: SMQ"}, `eventSourceType is "SMQ"`},
	{"queue in another region", edit{QueueFile, "RegionId: ${vars.region}", "RegionId: cn-beijing"}, "RegionId is cn-beijing, want cn-shanghai"},
	{"unknown schema", edit{QueueFile, "eventSchema: CloudEvents", "eventSchema: Avro"}, `eventSchema is "Avro"`},
	{"single events", edit{QueueFile, "mode: event-streaming", "mode: event-driven"}, "mode is event-driven"},
	{"window too large for the platform", edit{QueueFile, "CountBasedWindow: 10", "CountBasedWindow: 100000"}, `CountBasedWindow is "100000", want number 1..10000`},
	{"window too large for an invocation", edit{QueueFile, "CountBasedWindow: 10", "CountBasedWindow: 5000"}, "CountBasedWindow is 5000"},
	{"few retries of the stream", edit{QueueFile, "PushRetryStrategy: EXPONENTIAL_DECAY_RETRY", "PushRetryStrategy: BACKOFF_RETRY"}, "PushRetryStrategy is BACKOFF_RETRY"},
	{"stops when it fails", edit{QueueFile, "errorsTolerance: ALL", "errorsTolerance: NONE"}, "errorsTolerance is NONE, want ALL"},
	{"no dead-letter queue", edit{QueueFile, "deadLetterQueue:\n", "deadLetters:\n"}, "deadLetterQueue.Arn is , want"},
	{"another dead-letter queue", edit{QueueFile, "/queues/${vars.deadLetterQueue}\n", "/queues/elsewhere\n"}, "deadLetterQueue.Arn is"},

	// The reconciler
	{"another folder", edit{ReconcileFile, "code: ./target/reconcile", "code: ./target"}, "environmentVariables.RECONCILE_PRODUCER: the function reads no such variable"},
	{"the recorder's role", edit{ReconcileFile, "-reconcile\n  # Seconds", "\n  # Seconds"}, "role is acs:ram::1234567890123456:role/vod-callback-recorder, want"},
	{"timer is off", edit{ReconcileFile, "enable: true", "enable: false"}, "enable is false"},
	{"no cron expression", edit{ReconcileFile, "0 7 * * * *", "7 * * * *"}, "cronExpression is"},
	{"no API without internet", edit{ReconcileFile, "internetAccess: true", "internetAccess: false"}, "the producer's API is reached over the internet"},
	{"missing variable of the reconciler", edit{ReconcileFile, "        RECONCILE_SINCE: ${env('RECONCILE_SINCE', '24h')}\n", ""}, "environmentVariables.RECONCILE_SINCE is missing"},

	// The stack
	{"twice the same key", edit{TemplateFile, "      AccessControl: private\n", "      AccessControl: private\n      AccessControl: private\n"}, "AccessControl appears twice"},
	{"misspelt property", edit{TemplateFile, "      StorageClass: Standard", "      StorageClas: Standard"}, "Bucket.StorageClas is not a key that is known; did you mean StorageClass?"},
	{"misspelt type", edit{TemplateFile, "ALIYUN::MNS::Queue", "ALIYUN::MNS::Quene"}, "ALIYUN::MNS::Quene is not a type that is known; did you mean ALIYUN::MNS::Queue?"},
	{"unknown condition", edit{TemplateFile, "    Condition: Reconciles\n    Properties", "    Condition: Reconcile\n    Properties"}, "there is no condition Reconcile"},
	{"value that the type refuses", edit{TemplateFile, "      ShardCount: 1\n", "      ShardCount: 1000\n"}, "Logstore.ShardCount is"},
	{"public bucket", edit{TemplateFile, "AccessControl: private", "AccessControl: public-read"}, "AccessControl is public-read, want private"},
	{"access not blocked", edit{TemplateFile, "BlockPublicAccess: true", "BlockPublicAccess: false"}, "BlockPublicAccess is false, want true"},
	{"public policy", edit{TemplateFile, "      StorageClass: Standard\n", "      Policy: {Version: '1', Statement: [{Effect: Allow, Action: ['oss:GetObject'], Principal: ['*'], Resource: ['*']}]}\n"}, "Policy allows everybody [oss:GetObject]"},
	{"versioned bucket", edit{TemplateFile, "      StorageClass: Standard\n", "      VersioningConfiguration: {Status: Enabled}\n"}, "voids x-oss-forbid-overwrite"},
	{"not encrypted", edit{TemplateFile, "      ServerSideEncryptionConfiguration:\n        SSEAlgorithm: AES256\n", ""}, "it is not encrypted"},
	{"malformed bucket name", edit{TemplateFile, "'${Name}-${ALIYUN::TenantId}-${ALIYUN::Region}'", "'${Name}_${ALIYUN::TenantId}'"}, `BucketName is "vod-callback-recorder_`},
	{"outcomes expire", edit{TemplateFile, "Prefix: !Sub '${Prefix}/rejected/'", "Prefix: !Sub '${Prefix}/'"}, `expires or moves "outcomes/"`},
	{"bucket goes with the stack", edit{TemplateFile, "DeletionPolicy: Retain", "DeletionPolicy: Delete"}, "Bucket: DeletionPolicy is Delete"},
	{"function in both files", edit{TemplateFile, "  FunctionRole:\n    Type: ALIYUN::RAM::Role", "  Again:\n    Type: ALIYUN::FC3::Function\n  FunctionRole:\n    Type: ALIYUN::RAM::Role"}, "ALIYUN::FC3::Function is declared in s.yaml"},
	{"key is shown", edit{TemplateFile, "    NoEcho: true\n", ""}, "Parameters.VodCallbackKey is a secret"},
	{"key in the template", edit{TemplateFile, "AuthKey: !If", "AuthKey: Sample0Key #"}, "a value of AuthKey stands in the file"},
	{"no RecordTo", edit{TemplateFile, "  RecordTo:\n", "  Recordto:\n"}, `Outputs.RecordTo is ""`},
	{"RecordTo without prefix", edit{TemplateFile, "oss://${Bucket.Name}/${Prefix}?", "oss://${Bucket.Name}/?"}, "Outputs.RecordTo is"},
	{"RecordTo with another prefix", edit{TemplateFile, "oss://${Bucket.Name}/${Prefix}?", "oss://${Bucket.Name}/events?"}, "Outputs.RecordTo is"},
	{"RecordTo without region", edit{TemplateFile, "?region=${ALIYUN::Region}", ""}, "Outputs.RecordTo is"},
	{"output of another queue", edit{TemplateFile, "Value: !GetAtt CallbackQueue.QueueName", "Value: !GetAtt DeadLetterQueue.QueueName"}, "Outputs.Queue is vod-callback-recorder-dead-letter"},
	{"another role name", edit{TemplateFile, "RoleName: !Sub '${Name}-mns'", "RoleName: !Sub '${Name}-trigger'"}, "invocationRole is"},
	{"another queue name", edit{TemplateFile, "QueueName: !Sub 'ice-callback-${Name}'", "QueueName: !Sub 'callback-${Name}'"}, "QueueName is ice-callback-vod-callback-recorder, want callback-"},

	// The roles
	{"action too wide", edit{TemplateFile, "Action: ['oss:PutObject']\n                Resource: [!Sub 'acs:oss:*:${ALIYUN::TenantId}:${Bucket.Name}/${Prefix}/*']", "Action: ['oss:*']\n                Resource: [!Sub 'acs:oss:*:${ALIYUN::TenantId}:${Bucket.Name}/${Prefix}/*']"}, "oss:* is allowed, and nothing needs it"},
	{"one action more", edit{TemplateFile, "['oss:PutObject']", "['oss:PutObject', 'oss:GetObject']"}, "oss:GetObject is allowed, and nothing needs it"},
	{"one action less", edit{TemplateFile, "['oss:PutObject']", "['oss:PutObjectAcl']"}, "resources of oss:PutObject is []"},
	{"whole bucket", edit{TemplateFile, "${Bucket.Name}/${Prefix}/*", "${Bucket.Name}/*"}, "resources of oss:PutObject is"},
	{"every log", edit{TemplateFile, "project/${LogProject.Name}/logstore/${Logstore.LogstoreName}", "project/*"}, "resources of log:PostLogStoreLogs is"},
	{"every queue", edit{TemplateFile, "/queues/${DeadLetterQueue.QueueName}/messages", "/queues/*"}, "resources of mns:SendMessage is"},
	{"every function", edit{TemplateFile, "functions/${Name}/*", "functions/*"}, "resources of fc:InvokeFunction is"},
	{"every listing", edit{TemplateFile, "['vod:SearchMedia', ", "['vod:*', 'vod:SearchMedia', "}, "vod:* is allowed, and nothing needs it"},
	{"system policy", edit{TemplateFile, "      Policies:\n        - PolicyName: !Sub '${Name}-write'", "      PolicyAttachments: {System: [AliyunOSSFullAccess]}\n      Policies:\n        - PolicyName: !Sub '${Name}-write'"}, "PolicyAttachments allows more"},
	{"trusts another service", edit{TemplateFile, "Service: [mns.aliyuncs.com]", "Service: [ecs.aliyuncs.com]"}, "trusted services is [ecs.aliyuncs.com]"},
	{"one role more", edit{TemplateFile, "  TriggerRole:\n    Type", "  AdminRole:\n    Type: ALIYUN::RAM::Role\n    Properties: {RoleName: admin, AssumeRolePolicyDocument: {Version: '1', Statement: []}}\n  TriggerRole:\n    Type"}, "AdminRole: a role that nothing needs"},

	// The log
	{"index field that nothing writes", edit{TemplateFile, "{Name: job_id,", "{Name: job,"}, "message.job, which nothing writes"},
	{"index field missing", edit{TemplateFile, "            - {Name: media_id, Type: text, EnableAnalytics: true}\n", ""}, "message.media_id, which the index of template.yml lacks"},
	{"not to be counted", edit{TemplateFile, "{Name: error_code, Type: text, EnableAnalytics: true}", "{Name: error_code, Type: text}"}, "message.error_code, which the index of template.yml lacks, or has without EnableAnalytics"},
	{"platform field missing", edit{TemplateFile, "        - {Name: errorType, Type: text, EnableAnalytics: true}\n", ""}, "it selects errorType"},
	{"search for a field without index", edit{ObserveFile, "message.status: fail'", "message.state: fail'"}, "SearchFailedEdits: it searches for message.state"},
	{"search for what is never logged", edit{ObserveFile, "'message.msg: refused'", "'message.msg: denied'"}, "message.msg: denied, which no function logs"},
	{"search for another line's field", edit{ObserveFile, "'message.msg: refused'", "'message.msg: refused and message.status: fail'"}, "message.status in lines with msg refused, which do not have it"},
	{"search in another log", edit{ObserveFile, "        Logstore: function\n", "        Logstore: functions\n"}, "logstore is functions, want function"},
	{"search in another project", edit{ObserveFile, "      Project: !Sub '${Name}-${ALIYUN::TenantId}'\n      Detail:\n        SavedsearchName: edits", "      Project: !Sub '${Name}'\n      Detail:\n        SavedsearchName: edits"}, "SearchEdits: project is vod-callback-recorder, want"},
	{"chart of a column that is not selected", edit{ObserveFile, "yAxis: [success, fail]", "yAxis: [success, failed]"}, "Dashboard.over-time: it draws failed"},
	{"chart of a column without index", edit{ObserveFile, `"message.trigger" AS origin`, `"message.source" AS origin`}, "it selects message.source"},
	{"alert on a column without index", edit{ObserveFile, `arbitrary("message.error") AS error`, `arbitrary("message.cause") AS error`}, "AlertUnrecorded: it selects message.cause"},
	{"alert on a platform's column that is not there", edit{ObserveFile, "arbitrary(errorType)", "arbitrary(errorKind)"}, "AlertFunctionErrors: it selects errorKind"},
	{"condition on what is not selected", edit{ObserveFile, "Condition: deliveries > 0", "Condition: count > 0"}, "AlertUnrecorded: its condition is on count"},
	{"annotation of what is not selected", edit{ObserveFile, "because of: ${error}", "because of: ${cause}"}, "AlertUnrecorded: its desc shows cause"},
	{"no alert on losses", edit{ObserveFile, "'message.msg: unrecorded | SELECT count(1) AS deliveries, arbitrary(\"message.error\") AS error'", "'message.msg: rejected | SELECT count(1) AS deliveries, arbitrary(\"message.reason\") AS error'"}, "there is no alert on lines with msg unrecorded"},
	{"no overlap", edit{ObserveFile, "Start: '-20m'", "Start: '-15m'"}, "it looks back over -15m every 15m"},
}

// logConfig is how the fixture has it.
const logConfig = `      logConfig:
        project: ${vars.logProject}
        logstore: ${vars.logstore}
        enableRequestMetrics: true
        enableInstanceMetrics: false
        # None: one line, one entry. The function writes one JSON object a line; ` + "`auto`" + ` would set DefaultRegex.
        logBeginRule: None
`
