package check

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Lookup finds an environment variable.
type Lookup = func(name string) (string, bool)

// A Service is a file of Serverless Devs with one function, as it is deployed: merged with the file that it extends,
// and with the values of its variables.
type Service struct {
	File  string
	raw   mapping // as in the file, merged
	vars  mapping
	props mapping
}

// get returns a scalar of the service's props.
func (s *Service) get(path ...any) string { return text(s.props, path...) }

// Name returns the name of the function.
func (s *Service) Name() string { return s.get("functionName") }

// Region returns the function's region.
func (s *Service) Region() string { return s.get("region") }

// Timeout returns the function's timeout. The platform's default is three seconds.
func (s *Service) Timeout() time.Duration {
	return time.Duration(cmp.Or(number(s.props, "timeout"), 3) * float64(time.Second))
}

// Environment looks up the variables that the function starts with.
func (s *Service) Environment(name string) (string, bool) {
	set, _ := at(s.props, "environmentVariables").(mapping)
	v, ok := set[name]
	return text(v), ok
}

// Code returns the folder that is uploaded.
func (s *Service) Code() string { return s.get("code") }

// Records reports whether the function is the recorder, which reads callbacks, and not the reconciler.
func (s *Service) Records() bool { return !strings.HasSuffix(s.get("code"), "/reconcile") }

// resolve sets the variables of s to their values with env and the account.
func (s *Service) resolve(env Lookup, account string) error {
	r := resolver{env: env, account: account, vars: s.vars}
	unresolved, _ := at(s.raw, "vars").(mapping)
	if err := r.resolveVars(unresolved); err != nil {
		return fmt.Errorf("vars.%w", err)
	}
	props, err := r.resolve(at(s.resource(), "props"))
	if err != nil {
		return fmt.Errorf("props.%w", err)
	}
	var ok bool
	if s.props, ok = props.(mapping); !ok {
		return errors.New("has no resource with props")
	}
	return nil
}

// resource returns the function of the file: the resource of the component fc3 or, if there is none, the first one.
func (s *Service) resource() (resource any) {
	for _, r := range members(s.raw, "resources") {
		if strings.HasPrefix(text(r, "component"), "fc3") {
			return r
		}
		if resource == nil {
			resource = r
		}
	}
	return resource
}

// merged returns a file merged with the file that it extends, as the key `extend` of Serverless Devs does.
func (p Project) merged(file string) (mapping, error) {
	over, err := parse(p[file])
	if err != nil {
		return nil, err
	}
	base := text(over, "extend")
	if base == "" {
		return over, nil
	}
	if _, ok := p[base]; !ok || base == file {
		return nil, fmt.Errorf("extend: there is no file %s to extend", base)
	}
	under, err := p.merged(base)
	if err != nil {
		return nil, fmt.Errorf("extend: %s: %w", base, err)
	}
	return merge(under, over), nil
}

// merge merges mappings. Any other value of over replaces that of under.
func merge(under, over mapping) mapping {
	merged := maps.Clone(under)
	for name, v := range over {
		a, aIs := merged[name].(mapping)
		b, bIs := v.(mapping)
		if aIs && bIs {
			v = merge(a, b)
		}
		merged[name] = v
	}
	return merged
}

// A resolver replaces ${…} as Serverless Devs does, for the forms that need no cloud API.
type resolver struct {
	env     Lookup
	account string
	vars    mapping
}

var (
	expression = regexp.MustCompile(`\$\{([^}]*)\}`)
	envForm    = regexp.MustCompile(`^env\(\s*['"](\w+)['"]\s*(?:,\s*['"]([^'"]*)['"]\s*)?\)$`)
	varsForm   = regexp.MustCompile(`^(str\()?vars\.(\w+)\)?$`)
	configForm = regexp.MustCompile(`^config\(['"]AccountID['"]\)$`)
)

var errLater = errors.New("refers to a variable that is not there")

// resolveVars fills r.vars, for any order of the variables.
func (r resolver) resolveVars(unresolved mapping) error {
	for range unresolved {
		for name, v := range unresolved {
			if v, err := r.resolve(v); err == nil {
				r.vars[name] = v
			}
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
	e = strings.TrimSpace(e)
	if m := envForm.FindStringSubmatch(e); m != nil {
		v, _ := r.env(m[1])
		if v == "" {
			v = m[2]
		}
		if v == "" && !strings.Contains(e, ",") {
			return nil, fmt.Errorf("${%s}: %s is not set and has no default", e, m[1])
		}
		return v, nil
	}
	if m := varsForm.FindStringSubmatch(e); m != nil {
		v, ok := r.vars[m[2]]
		if !ok {
			return nil, fmt.Errorf("${%s} %w", e, errLater)
		}
		if m[1] != "" {
			v = fmt.Sprint(v)
		}
		return v, nil
	}
	if configForm.MatchString(e) {
		return r.account, nil
	}
	return nil, fmt.Errorf("${%s}: want ${env('NAME', 'default')}, ${vars.name} or ${config('AccountID')}", e)
}
