package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vod-callback/recorder/internal/local/spelling"
)

// template checks the stack: the storage, the permissions, and what the service files rely on.
func (d Deployment) template(r report) {
	d.stack.types(r)
	if def := text(d.stack.mapping, "Parameters", "Name", "Default"); def != d.Name() {
		r.note("the default of Name is %s, and the function's name is %s: give the stack Name=%[2]s", def, d.Name())
	}
	kept(r, d.stack)
	for name := range d.stack.ofType("ALIYUN::OSS::Bucket") {
		bucket(r.in(name), d.stack, name)
	}
	for name, resource := range members(d.stack.mapping, "Resources") {
		if kind := text(resource, "Type"); strings.HasPrefix(kind, "ALIYUN::FC") {
			r.problem("%s: %s is declared in %s; one of them would undo the other", name, kind, ServiceFile)
		}
	}
	roles(r, d)
	outputs(r, d)
}

const typePrefix = "ALIYUN::"

// types checks the resources of a template against the properties of their types.
func (s stack) types(r report) {
	r.equal("ROSTemplateFormatVersion", text(s.mapping, "ROSTemplateFormatVersion"), "2015-09-01", "there is no other")
	for name, p := range members(s.mapping, "Parameters") {
		if strings.HasSuffix(name, "Key") && (text(p, "NoEcho") != "true" || text(p, "Default") != "") {
			r.problem("Parameters.%s is a secret: want NoEcho: true and no default", name)
		}
		defaults(r.in("Parameters."+name), p)
	}
	for _, section := range []string{"Resources", "Outputs", "Conditions"} {
		for name, v := range members(s.mapping, section) {
			s.references(r.in(name), v)
			s.hasCondition(r.in(name), text(v, "Condition"))
		}
	}
	var known []string // without the common prefix
	for kind := range ros {
		known = append(known, strings.TrimPrefix(kind, typePrefix))
	}
	for name, resource := range members(s.mapping, "Resources") {
		kind := text(resource, "Type")
		want := ros[kind]
		switch {
		case want != nil:
			conform(r, name, want, at(resource, "Properties"))
		case !strings.HasPrefix(kind, "ALIYUN::FC"):
			if nearest := spelling.Nearest(strings.TrimPrefix(kind, typePrefix), known); nearest != "" {
				r.problem("%s: %s is not a type that is known; did you mean %s?", name, kind, typePrefix+nearest)
			} else {
				r.note("%s: %s is not checked", name, kind)
			}
		}
	}
}

// defaults checks the default of a parameter against the parameter's constraints, as ROS does.
func defaults(r report, p any) {
	def := text(p, "Default")
	pattern, err := regexp.Compile(text(p, "AllowedPattern"))
	if err == nil && !pattern.MatchString(def) {
		r.problem("its default %q does not match its AllowedPattern", def)
	}
	least, most := at(p, "MinValue"), at(p, "MaxValue")
	if n := number(p, "Default"); least != nil && n < number(least) || most != nil && n > number(most) {
		r.problem("its default %s is not within %v and %v", def, least, most)
	}
	if choices := list(p, "AllowedValues"); choices != nil && !slices.Contains(choices, at(p, "Default")) {
		r.problem("its default %v is none of %v", at(p, "Default"), choices)
	}
}

// references checks that everything that v refers to exists.
func (s stack) references(r report, v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			s.references(r, item)
		}
	case mapping:
		for key, arg := range members(v) {
			switch key {
			case "Ref", "DependsOn":
				s.refersTo(r, text(arg))
			case "Fn::GetAtt":
				s.refersTo(r, text(arg, 0))
			case "Fn::Sub":
				for _, m := range expression.FindAllStringSubmatch(text(arg), -1) {
					name, _, _ := strings.Cut(m[1], ".")
					s.refersTo(r, name)
				}
			case "Fn::If":
				s.hasCondition(r, text(arg, 0))
				s.references(r, arg)
			default:
				s.references(r, arg)
			}
		}
	}
}

func (s stack) hasCondition(r report, name string) {
	if name != "" && at(s.mapping, "Conditions", name) == nil {
		r.problem("there is no condition %s", name)
	}
}

func (s stack) refersTo(r report, name string) {
	if name == "" || strings.HasPrefix(name, typePrefix) || strings.HasPrefix(name, "!") {
		return
	}
	parameters, _ := at(s.mapping, "Parameters").(mapping)
	resources, _ := at(s.mapping, "Resources").(mapping)
	known := slices.Concat(slices.Collect(maps.Keys(parameters)), slices.Collect(maps.Keys(resources)))
	if !slices.Contains(known, name) {
		r.problem("there is no parameter or resource %s%s", name, spelling.DidYouMean(name, known))
	}
}

// kept checks that the bucket and the log survive the stack.
func kept(r report, s stack) {
	for _, kind := range []string{"ALIYUN::OSS::Bucket", "ALIYUN::SLS::Project", "ALIYUN::SLS::Logstore"} {
		n := 0
		for name := range s.ofType(kind) {
			n++
			r.equal(name+": DeletionPolicy", text(s.mapping, "Resources", name, "DeletionPolicy"), "Retain", "records outlive the stack")
		}
		r.equal("the number of "+kind, n, 1, "that is where records and log are kept")
	}
}

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// bucket checks who can read and write the records, and how long they are kept.
func bucket(r report, s stack, name string) {
	p := at(s.mapping, "Resources", name, "Properties")
	if acl := text(p, "AccessControl"); acl != "" {
		r.equal("AccessControl", acl, "private", "records must be private")
	}
	r.equal("BlockPublicAccess", text(p, "BlockPublicAccess"), "true", "records must be private")
	for _, statement := range list(p, "Policy", "Statement") {
		if text(statement, "Effect") != "Deny" && strings.Contains(fmt.Sprint(at(statement, "Principal")), "*") {
			r.problem("Policy allows everybody %v: records must be private", at(statement, "Action"))
		}
	}
	if at(p, "VersioningConfiguration") != nil {
		r.problem("VersioningConfiguration disables x-oss-forbid-overwrite, so a record could be overwritten")
	}
	if text(p, "ServerSideEncryptionConfiguration", "SSEAlgorithm") == "" {
		r.problem("it is not encrypted: want ServerSideEncryptionConfiguration")
	}
	if bucket, err := s.eval(at(p, "BucketName")); err != nil || !bucketForm.MatchString(bucket) {
		r.problem("BucketName is %q, want 3 to 63 lower-case letters, digits and inner hyphens", bucket)
	}
	for _, rule := range list(p, "LifecycleConfiguration", "Rule") {
		prefix, err := s.eval(at(rule, "Prefix"))
		if expires := at(rule, "Expiration") != nil || at(rule, "Transition") != nil; expires && (err != nil || !strings.HasSuffix(prefix, "/rejected/")) {
			r.problem("the lifecycle rule %s expires or moves %q, want only objects below rejected/", text(rule, "ID"), prefix)
		}
	}
}

// roles checks that the roles have the permissions that are needed, and no others.
func roles(r report, d Deployment) {
	s := d.stack
	logstore, _ := s.attribute("Logstore", "LogstoreName")
	project, _ := s.attribute("LogProject", "Name")
	bucket := fmt.Sprintf("acs:oss:*:%s:%s", s.account, d.Bucket())
	below := bucket + "/" + d.Prefix()
	log := fmt.Sprintf("acs:log:%s:%s:project/%s/logstore/%s", s.region, s.account, project, logstore)
	function := fmt.Sprintf("acs:fc:%s:%s:functions/%s", s.region, s.account, s.parameters["Name"])
	needs := map[string]struct {
		service string
		actions map[string][]string
	}{
		"FunctionRole": {"fc.aliyuncs.com", map[string][]string{
			"oss:PutObject": {below + "/*"}, "log:PostLogStoreLogs": {log}, "mns:SendMessage": {d.deadLetters() + "/messages"},
		}},
		"TriggerRole": {"mns.aliyuncs.com", map[string][]string{"fc:InvokeFunction": {function, function + "/*"}}},
		"ReconcileRole": {"fc.aliyuncs.com", map[string][]string{
			"oss:ListObjects": {bucket}, "oss:GetObject": {below + "/*"}, "oss:PutObject": {below + "/*"}, "log:PostLogStoreLogs": {log},
			"ice:ListMediaProducingJobs": {"*"}, "vod:SearchMedia": {"*"}, "vod:GetVideoList": {"*"}, "vod:GetVideoInfos": {"*"},
		}},
		"LogExportRole": {"log.aliyuncs.com", map[string][]string{
			"log:GetCursorOrData": {log}, "log:ListShards": {log}, "oss:PutObject": {below + "-log/*"},
		}},
	}
	for name := range s.ofType("ALIYUN::RAM::Role") {
		if need, ok := needs[name]; ok {
			role(r.in(name), s, name, need.service, need.actions)
		} else {
			r.problem("%s: the role is not needed", name)
		}
	}
	for _, name := range []string{"FunctionRole", "TriggerRole"} {
		if at(s.mapping, "Resources", name) == nil {
			r.problem("%s is missing", name)
		}
	}
}

func role(r report, s stack, name, service string, want map[string][]string) {
	p := at(s.mapping, "Resources", name, "Properties")
	if at(p, "PolicyAttachments") != nil {
		r.problem("PolicyAttachments allows more than is needed")
	}
	r.equal("trusted services", at(p, "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"), []any{service}, "only this service may assume the role")
	got := map[string][]string{}
	for _, policy := range list(p, "Policies") {
		for _, document := range alternatives(at(policy, "PolicyDocument")) {
			allowed(r, s, document, got)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(got)) {
		if want[action] == nil {
			r.problem("%s is allowed but not needed", action)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(want)) {
		r.equal("resources of "+action, got[action], want[action], "that is what it is needed for")
	}
}

// alternatives returns the values that !If chooses from, or the value itself.
func alternatives(v any) []any {
	if chosen := list(v, "Fn::If"); len(chosen) == 3 {
		return chosen[1:]
	}
	return []any{v}
}

// allowed adds the permissions of a policy document to got: the resources of each action.
func allowed(r report, s stack, document any, got map[string][]string) {
	for _, statement := range list(document, "Statement") {
		actions := list(statement, "Action")
		if action := text(statement, "Action"); action != "" {
			actions = []any{action}
		}
		for _, action := range actions {
			for _, resource := range list(statement, "Resource") {
				arn, err := s.eval(resource)
				if err != nil {
					r.problem("%v", err)
				}
				got[fmt.Sprint(action)] = append(got[fmt.Sprint(action)], arn)
			}
		}
	}
}

// outputs compares the outputs of the stack with what the service files rely on.
func outputs(r report, d Deployment) {
	want := fmt.Sprintf("oss://%s/%s?region=%s", d.Bucket(), d.Prefix(), d.stack.region)
	to, err := d.stack.eval(at(d.stack.mapping, "Outputs", "RecordTo", "Value"))
	if err != nil || to != want {
		r.problem("Outputs.RecordTo is %q, want %q: the role may write there and nowhere else, and vodctl needs the region", to, want)
	}
	for name, output := range members(d.stack.mapping, "Outputs") {
		value, err := d.stack.eval(at(output, "Value"))
		if err != nil {
			r.problem("Outputs.%s: %v", name, err)
			continue
		}
		variable := strings.ToLower(name[:1]) + name[1:]
		for _, s := range d.Services {
			if own, ok := s.vars[variable]; ok && text(own) != value {
				r.problem("Outputs.%s is %s, and vars.%s of %s is %v", name, value, variable, s.File, own)
			}
		}
	}
}

// secret has the patterns of secrets that must not be in a public file.
var secret = map[string]*regexp.Regexp{
	"an access key ID":               regexp.MustCompile(`\bLTAI[A-Za-z0-9]{12,}\b`),
	"a value of VOD_CALLBACK_KEYS":   regexp.MustCompile(`VOD_CALLBACK_KEYS['"]?\s*[:=,]\s*['"]?[A-Za-z0-9]{4,}`),
	"a value of an access key":       regexp.MustCompile(`(?i)access_?key_?(id|secret)['"]?\s*[:=]\s*['"]?[A-Za-z0-9]{8,}`),
	"a value of AuthKey":             regexp.MustCompile(`AuthKey:\s*['"]?[A-Za-z0-9]{4,}`),
	"a private key or a certificate": regexp.MustCompile(`-----BEGIN `),
}

func secrets(r report, content string) {
	for _, what := range slices.Sorted(maps.Keys(secret)) {
		if secret[what].MatchString(content) {
			r.problem("%s is in the file", what)
		}
	}
}
