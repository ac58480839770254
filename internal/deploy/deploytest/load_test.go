package deploytest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The account and region that the files are looked at for.
const (
	account = "1234567890123456"
	region  = "cn-shanghai"
)

// The files of a deployment.
const (
	serviceFile  = "s.yaml"
	queueFile    = "s.queue.yaml"
	templateFile = "template.yml"
)

// A project is the text of the files, by name, so that a test can break a copy of it.
type project map[string]string

func readProject(t *testing.T) project {
	t.Helper()
	p := project{}
	for _, name := range []string{serviceFile, queueFile, templateFile} {
		b, err := os.ReadFile(filepath.Join("..", "..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		p[name] = string(b)
	}
	return p
}

// A mapping is a YAML mapping. Tags of the short form of ROS functions are written out: !Ref x is
// {Ref: x}, and any other !F x is {Fn::F: x}.
type mapping = map[string]any

// parse reads one YAML document.
func parse(name, text string) (mapping, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("%s: is empty", name)
	}
	v, err := plain(doc.Content[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m, ok := v.(mapping)
	if !ok {
		return nil, fmt.Errorf("%s: is no mapping", name)
	}
	return m, nil
}

// plain turns a node into mappings, lists and scalars.
func plain(n *yaml.Node) (any, error) {
	tag := n.Tag
	if strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		n.Tag = ""
		v, err := plain(n)
		name := strings.TrimPrefix(tag, "!")
		switch name {
		case "Ref":
			return mapping{"Ref": v}, err
		case "GetAtt":
			if s, ok := v.(string); ok {
				resource, attribute, _ := strings.Cut(s, ".")
				v = []any{resource, attribute}
			}
		}
		return mapping{"Fn::" + name: v}, err
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := mapping{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", n.Content[i].Line, key)
			}
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			v, err := plain(item)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.ScalarNode:
		var v any
		err := n.Decode(&v)
		return v, err
	default:
		return nil, fmt.Errorf("line %d: anchors and aliases are not for these files", n.Line)
	}
}

// at walks down a tree: a string is a member's name, an int an index. Where there is nothing, it is nil.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(mapping)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

// text is at, for a scalar: "" where there is none.
func text(v any, path ...any) string {
	switch v := at(v, path...).(type) {
	case nil, mapping, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// list is at, for a list.
func list(v any, path ...any) []any {
	l, _ := at(v, path...).([]any)
	return l
}

// members are the members of a mapping, in order.
func members(v any, path ...any) func(yield func(string, any) bool) {
	m, _ := at(v, path...).(mapping)
	return func(yield func(string, any) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}

// A service is a Serverless Devs file: as written, and what it says where no environment variable but
// env is set.
type service struct {
	file  string
	raw   mapping
	vars  mapping
	props mapping
}

// resource is the name of the one resource in the file.
const resource = "recorder"

// newService reads p's file, on top of the one that it extends.
func newService(p project, file string, env map[string]string, accountID string) (*service, error) {
	raw, err := parse(file, p[file])
	if err != nil {
		return nil, err
	}
	whole := raw
	if base := text(raw, "extend"); base != "" {
		under, err := parse(base, p[base])
		if err != nil {
			return nil, err
		}
		whole = extend(under, raw)
	}
	s := &service{file: file, raw: raw, vars: mapping{}}
	r := resolver{env: env, account: accountID, vars: s.vars}
	unresolved, _ := at(whole, "vars").(mapping)
	if err := r.resolveVars(unresolved); err != nil {
		return nil, fmt.Errorf("%s: vars: %w", file, err)
	}
	props, err := r.resolve(at(whole, "resources", resource, "props"))
	if err != nil {
		return nil, fmt.Errorf("%s: resources.%s.props: %w", file, resource, err)
	}
	s.props, _ = props.(mapping)
	if s.props == nil {
		return nil, fmt.Errorf("%s: has no resources.%s.props", file, resource)
	}
	return s, nil
}

// extend does what the key `extend` of Serverless Devs does: mappings are merged, anything else replaced.
func extend(under, over mapping) mapping {
	merged := maps.Clone(under)
	for name, v := range over {
		a, aIs := merged[name].(mapping)
		b, bIs := v.(mapping)
		if aIs && bIs {
			v = extend(a, b)
		}
		merged[name] = v
	}
	return merged
}

// A resolver replaces ${…} as Serverless Devs does, for the few forms that these files need.
type resolver struct {
	env     map[string]string
	account string
	vars    mapping
}

var (
	expression = regexp.MustCompile(`\$\{([^}]*)\}`)
	envForm    = regexp.MustCompile(`^env\('(\w+)', '([^']*)'\)$`)
	varsForm   = regexp.MustCompile(`^vars\.(\w+)$`)
)

var errLater = errors.New("refers to a variable that is not there")

// resolveVars fills r.vars, whatever the order of the variables.
func (r resolver) resolveVars(unresolved mapping) error {
	for range unresolved {
		for name, v := range unresolved {
			v, err := r.resolve(v)
			switch {
			case errors.Is(err, errLater):
				continue
			case err != nil:
				return fmt.Errorf("%s: %w", name, err)
			}
			r.vars[name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unresolved)) {
		if _, err := r.resolve(unresolved[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (r resolver) resolve(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case mapping:
		m := mapping{}
		for name, item := range members(v) {
			if m[name], err = r.resolve(item); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		return m, nil
	case []any:
		l := make([]any, len(v))
		for i, item := range v {
			if l[i], err = r.resolve(item); err != nil {
				return nil, err
			}
		}
		return l, nil
	case string:
		if m := expression.FindStringSubmatch(v); m != nil && m[0] == v {
			return r.expression(m[1])
		}
		s := expression.ReplaceAllStringFunc(v, func(e string) string {
			value, e1 := r.expression(e[2 : len(e)-1])
			err = errors.Join(err, e1)
			return fmt.Sprint(value)
		})
		return s, err
	default:
		return v, nil
	}
}

func (r resolver) expression(e string) (any, error) {
	if m := envForm.FindStringSubmatch(e); m != nil {
		if v := r.env[m[1]]; v != "" {
			return v, nil
		}
		return m[2], nil
	}
	if m := varsForm.FindStringSubmatch(e); m != nil {
		v, ok := r.vars[m[1]]
		if !ok {
			return nil, fmt.Errorf("${%s} %w", e, errLater)
		}
		return v, nil
	}
	if e == "config('AccountID')" {
		return r.account, nil
	}
	return nil, fmt.Errorf("${%s}: want ${env('NAME', 'default')}, ${vars.name} or ${config('AccountID')}", e)
}

// A stack is the ROS template, and what its functions come to with the parameters' defaults.
type stack struct {
	mapping
}

// attributes are the properties that GetAtt gives back, by type and attribute.
var attributes = map[string]string{
	"ALIYUN::OSS::Bucket.Name":           "BucketName",
	"ALIYUN::SLS::Project.Name":          "Name",
	"ALIYUN::SLS::Logstore.LogstoreName": "LogstoreName",
	"ALIYUN::MNS::Topic.TopicName":       "TopicName",
	"ALIYUN::MNS::Queue.QueueName":       "QueueName",
}

// eval returns the text of a value.
func (s stack) eval(v any) (string, error) {
	m, ok := v.(mapping)
	if !ok {
		return text(v), nil
	}
	for function, arg := range members(m) {
		switch function {
		case "Ref":
			return s.name(text(arg))
		case "Fn::GetAtt":
			return s.attribute(text(arg, 0), text(arg, 1))
		case "Fn::Sub":
			var errs []error
			out := expression.ReplaceAllStringFunc(text(arg), func(e string) string {
				value, err := s.name(e[2 : len(e)-1])
				errs = append(errs, err)
				return value
			})
			return out, errors.Join(errs...)
		case "Fn::If": // both conditions of the template are false by default
			return s.eval(at(arg, 2))
		}
	}
	return "", fmt.Errorf("%v: a function that is not known here", v)
}

func (s stack) name(name string) (string, error) {
	switch name {
	case "ALIYUN::TenantId":
		return account, nil
	case "ALIYUN::Region":
		return region, nil
	}
	if parameter := at(s.mapping, "Parameters", name); parameter != nil {
		return text(parameter, "Default"), nil
	}
	resource, attribute, _ := strings.Cut(name, ".")
	return s.attribute(resource, attribute)
}

func (s stack) attribute(resource, attribute string) (string, error) {
	r := at(s.mapping, "Resources", resource)
	kind := text(r, "Type")
	if kind == "ALIYUN::RAM::Role" && attribute == "Arn" {
		name, err := s.eval(at(r, "Properties", "RoleName"))
		return "acs:ram::" + account + ":role/" + name, err
	}
	property, ok := attributes[kind+"."+attribute]
	if !ok {
		return "", fmt.Errorf("%s.%s: an attribute that is not known here", resource, attribute)
	}
	return s.eval(at(r, "Properties", property))
}

// ofType are the resources of a type, in order of their names.
func (s stack) ofType(kind string) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for name, r := range members(s.mapping, "Resources") {
			if text(r, "Type") == kind && !yield(name, at(r, "Properties")) {
				return
			}
		}
	}
}
