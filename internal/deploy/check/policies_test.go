package check

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A policy is a RAM policy as docs/policies has it. Action and Resource are a text or a list of texts.
type policy struct {
	Version   string
	Statement []struct {
		Effect           string
		Action, Resource texts
		Condition        map[string]map[string]string
	}
}

type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

func (t texts) match(s string) bool {
	return slices.ContainsFunc(t, func(pattern string) bool {
		return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(s)
	})
}

// largestPolicy is how many characters RAM takes for a custom policy, blanks aside.
const largestPolicy = 6144

func readPolicy(t *testing.T, name string) policy {
	t.Helper()
	b, err := os.ReadFile("../../../docs/policies/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > largestPolicy {
		t.Errorf("%s has %d characters, and RAM takes %d", name, len(b), largestPolicy)
	}
	var p policy
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if p.Version != "1" {
		t.Errorf("%s has the version %q", name, p.Version)
	}
	return p
}

func (p policy) allows(action, resource string) bool {
	for _, s := range p.Statement {
		if s.Effect == "Allow" && s.Action.match(action) && s.Resource.match(resource) {
			return true
		}
	}
	return false
}

// The resources of a deployment with the default names.
const (
	functionARN  = "acs:fc:cn-shanghai:1234567890123456:functions/vod-callback-recorder"
	topicARN     = "acs:mns:cn-shanghai:1234567890123456:/topics/vod-callback-recorder"
	queueARN     = "acs:mns:cn-shanghai:1234567890123456:/queues/ice-callback-vod-callback-recorder"
	bucketARN    = "acs:oss:*:1234567890123456:vod-callback-recorder-1234567890123456-cn-shanghai"
	projectARN   = "acs:log:cn-shanghai:1234567890123456:project/vod-callback-recorder-1234567890123456"
	roleARN      = "acs:ram::1234567890123456:role/vod-callback-recorder-reconcile"
	policyARN    = "acs:ram::1234567890123456:policy/vod-callback-recorder-write"
	everywhere   = "*"
	recordsARN   = bucketARN + "/outcomes/*"
	logstoreARN  = projectARN + "/logstore/function"
	serviceRoles = "acs:ram::1234567890123456:role/aliyunserviceroleforeventbridgesendtofc"
)

// needed are the actions that Serverless Devs, ROS and vodctl take, by what makes them necessary: a type of trigger
// (trigger), of resource (ALIYUN::…), or a command.
var needed = map[string]map[string][]string{
	"function": {
		functionARN: {"fc:CreateFunction", "fc:GetFunction", "fc:UpdateFunction", "fc:DeleteFunction", "fc:PutAsyncInvokeConfig", "fc:PutConcurrencyConfig", "fc:InvokeFunction"},
		roleARN:     {"ram:PassRole"},
	},
	"trigger http":        {functionARN + "/triggers/http": {"fc:CreateTrigger", "fc:GetTrigger", "fc:UpdateTrigger", "fc:DeleteTrigger"}},
	"trigger timer":       {functionARN + "-reconcile/triggers/hourly": {"fc:CreateTrigger", "fc:UpdateTrigger"}},
	"trigger mns_topic":   {topicARN: {"mns:Subscribe", "mns:Unsubscribe"}, roleARN: {"ram:PassRole"}},
	"trigger eventbridge": {everywhere: {"eventbridge:CreateEventStreaming", "eventbridge:UpdateEventStreaming", "eventbridge:GetEventStreaming", "eventbridge:DeleteEventStreaming", "ram:CreateServiceLinkedRole"}, serviceRoles: {"ram:GetRole"}},

	"stack":                           {everywhere: {"ros:ValidateTemplate", "ros:CreateStack", "ros:GetStack", "ros:UpdateStack", "ros:DeleteStack", "ros:ListStackResources"}},
	"ALIYUN::OSS::Bucket":             {bucketARN: {"oss:PutBucket", "oss:GetBucketInfo", "oss:PutBucketLifecycle", "oss:PutBucketEncryption", "oss:PutBucketAcl", "oss:PutBucketPublicAccessBlock", "oss:PutBucketTagging"}},
	"ALIYUN::SLS::Project":            {projectARN: {"log:CreateProject", "log:GetProject", "log:UpdateProject"}},
	"ALIYUN::SLS::Logstore":           {logstoreARN: {"log:CreateLogStore", "log:GetLogStore", "log:UpdateLogStore"}},
	"ALIYUN::SLS::Index":              {logstoreARN: {"log:CreateIndex", "log:GetIndex", "log:UpdateIndex", "log:DeleteIndex"}},
	"ALIYUN::SLS::Savedsearch":        {projectARN + "/savedsearch/edits": {"log:CreateSavedSearch", "log:DeleteSavedSearch"}},
	"ALIYUN::SLS::Dashboard":          {projectARN + "/dashboard/vod-callback-recorder": {"log:CreateDashboard", "log:UpdateDashboard", "log:DeleteDashboard"}},
	"ALIYUN::SLS::Alert":              {projectARN + "/job/unrecorded": {"log:CreateJob", "log:UpdateJob", "log:DeleteJob"}},
	"ALIYUN::SLS::OssExport":          {projectARN + "/job/export": {"log:CreateJob", "log:DeleteJob"}, roleARN: {"ram:PassRole"}},
	"ALIYUN::MNS::Topic":              {topicARN: {"mns:CreateTopic", "mns:GetTopicAttributes", "mns:SetTopicAttributes", "mns:DeleteTopic"}},
	"ALIYUN::MNS::Queue":              {queueARN: {"mns:CreateQueue", "mns:GetQueueAttributes", "mns:SetQueueAttributes", "mns:DeleteQueue"}},
	"ALIYUN::RAM::Role":               {roleARN: {"ram:CreateRole", "ram:GetRole", "ram:UpdateRole", "ram:DeleteRole", "ram:AttachPolicyToRole", "ram:DetachPolicyFromRole", "ram:ListPoliciesForRole"}, policyARN: {"ram:CreatePolicy", "ram:GetPolicy", "ram:DeletePolicy", "ram:CreatePolicyVersion", "ram:AttachPolicyToRole"}},
	"ALIYUN::VOD::MessageCallback":    {everywhere: {"vod:SetMessageCallback", "vod:GetMessageCallback", "vod:DeleteMessageCallback"}},
	"ALIYUN::CMS::ResourceMetricRule": {everywhere: {"cms:PutResourceMetricRule", "cms:DeleteMetricRules", "cms:DescribeMetricRuleList"}},

	"vodctl": {
		bucketARN: {"oss:ListObjects"}, recordsARN: {"oss:GetObject", "oss:PutObject"},
		everywhere:  {"ice:ListMediaProducingJobs", "vod:SearchMedia", "vod:GetVideoList", "vod:GetVideoInfos"},
		logstoreARN: {"log:GetLogStoreLogs"},
	},
}

// TestPolicies finds in the policies every action that the files of the deployment and vodctl need.
func TestPolicies(t *testing.T) {
	t.Parallel()
	deploy, release, operate := readPolicy(t, "deploy.json"), readPolicy(t, "release.json"), readPolicy(t, "operate.json")
	require := func(name string, p policy, what string) {
		t.Helper()
		if needed[what] == nil {
			t.Errorf("%s: it is not said which actions %s needs", name, what)
		}
		for resource, actions := range needed[what] {
			for _, action := range actions {
				if !p.allows(action, resource) {
					t.Errorf("%s does not allow %s on %s, which %s needs", name, action, resource, what)
				}
			}
		}
	}
	p, err := Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	d, v := p.Load(lookup(nil), account)
	if len(v.Problems) > 0 {
		t.Fatal(v.Problems)
	}
	for _, s := range d.Services {
		for name, own := range map[string]policy{"deploy.json": deploy, "release.json": release} {
			require(name, own, "function")
			for _, tr := range list(s.props, "triggers") {
				require(name, own, "trigger "+text(tr, "triggerType"))
			}
		}
	}
	require("deploy.json", deploy, "stack")
	for _, s := range []stack{d.stack, d.observe} {
		for _, resource := range members(s.mapping, "Resources") {
			require("deploy.json", deploy, text(resource, "Type"))
		}
	}
	require("operate.json", operate, "vodctl")

	const foreign = "acs:fc:cn-shanghai:1234567890123456:functions/other"
	for name, own := range map[string]policy{"deploy.json": deploy, "release.json": release, "operate.json": operate} {
		for action, resource := range map[string]string{
			"fc:GetFunction": foreign, "oss:GetObject": "acs:oss:*:1234567890123456:other/outcomes/a", "ram:PassRole": "acs:ram::1234567890123456:role/admin",
		} {
			if own.allows(action, resource) {
				t.Errorf("%s allows %s on %s, which is not of this deployment", name, action, resource)
			}
		}
	}
	for _, statement := range release.Statement {
		for _, action := range statement.Action {
			if strings.HasPrefix(action, "ram:Create") && action != "ram:CreateServiceLinkedRole" || strings.HasPrefix(action, "ram:Attach") {
				t.Errorf("release.json allows %s: whoever may make policies may do anything", action)
			}
		}
	}
}
