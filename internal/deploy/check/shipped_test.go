package check

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/config"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestVariablesArePassed finds every variable of the service files wherever a deployer must be able to set it.
func TestVariablesArePassed(t *testing.T) {
	t.Parallel()
	p, err := Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	example, workflow, docs := readFile(t, ".env.example"), readFile(t, ".github/workflows/deploy.yml"), readFile(t, "docs/deploy.md")
	for name := range settable(p) {
		if !regexp.MustCompile(`(?m)^#?` + name + `=`).MatchString(example) {
			t.Errorf(".env.example does not have %s", name)
		}
		if !strings.Contains(workflow, name+": ${{ vars."+name+" }}") && !strings.Contains(workflow, name+": ${{ secrets."+name+" }}") {
			t.Errorf("deploy.yml does not pass %s", name)
		}
		if !strings.Contains(docs, name) {
			t.Errorf("docs/deploy.md does not name %s", name)
		}
	}
}

// TestTemplatesAreBilingual sees to it that people of both languages are told what to enter, and that what would fail
// half-way is refused before.
func TestTemplatesAreBilingual(t *testing.T) {
	t.Parallel()
	p, err := Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{TemplateFile, ObserveFile} {
		template, err := parse(p[file])
		if err != nil {
			t.Fatal(err)
		}
		told := func(where string, v any) {
			for _, language := range []string{"en", "zh-cn"} {
				if text(v, language) == "" {
					t.Errorf("%s: %s has no text in %s", file, where, language)
				}
			}
		}
		told("Description", at(template, "Description"))
		var grouped []string
		for _, group := range list(template, "Metadata", "ALIYUN::ROS::Interface", "ParameterGroups") {
			told("a group", at(group, "Label", "default"))
			for _, name := range list(group, "Parameters") {
				grouped = append(grouped, text(name))
			}
		}
		for name, parameter := range members(template, "Parameters") {
			told(name+": Label", at(parameter, "Label"))
			told(name+": Description", at(parameter, "Description"))
			if !slices.Contains(grouped, name) {
				t.Errorf("%s: %s is in no group", file, name)
			}
			if text(parameter, "AllowedPattern") != "" && name != "VodCallbackUrl" || slices.Contains([]string{"Name", "BucketName", "Prefix"}, name) {
				told(name+": ConstraintDescription", at(parameter, "ConstraintDescription"))
			}
		}
		for name, output := range members(template, "Outputs") {
			told(name, at(output, "Description"))
		}
	}
}

// TestDefaultsAreTheFunctions holds the defaults of the fixture against the function's own, so that a service file
// changes nothing that nobody set.
func TestDefaultsAreTheFunctions(t *testing.T) {
	t.Parallel()
	d, _ := fixture(t).Load(lookup(nil), account)
	for _, v := range config.Variables() {
		if got, _ := d.Services[0].Environment(v.Name); got != v.Default {
			t.Errorf("s.yaml sets %s to %q, and the function's default is %q", v.Name, got, v.Default)
		}
	}
}
