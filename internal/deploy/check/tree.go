package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A mapping is a YAML mapping. The short tags of ROS functions are written out: !Ref x is {Ref: x}, and any
// other !F x is {Fn::F: x}.
type mapping = map[string]any

// parse reads one YAML document.
func parse(text string) (mapping, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("is empty")
	}
	v, err := plain(doc.Content[0])
	if err != nil {
		return nil, err
	}
	m, ok := v.(mapping)
	if !ok {
		return nil, fmt.Errorf("is not a mapping")
	}
	return m, nil
}

// plain turns a node into mappings, lists and scalars.
func plain(n *yaml.Node) (any, error) {
	if name, short := strings.CutPrefix(n.Tag, "!"); short && !strings.HasPrefix(name, "!") {
		return longForm(name, n)
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := mapping{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s appears twice", n.Content[i].Line, key)
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
	case yaml.AliasNode:
		return plain(n.Alias)
	default:
		var v any
		err := n.Decode(&v)
		return v, err
	}
}

// booleans returns the lines with an unquoted word that is true or false in YAML 1.1, which ROS reads.
func booleans(text string) (lines []string) {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil {
		return nil
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Style == 0 && slices.Contains([]string{"on", "off", "yes", "no", "y", "n"}, strings.ToLower(n.Value)) {
			lines = append(lines, fmt.Sprintf("line %d: %s", n.Line, n.Value))
		}
		for _, inner := range n.Content {
			walk(inner)
		}
	}
	walk(&doc)
	return lines
}

// longForm expands a short tag.
func longForm(name string, n *yaml.Node) (any, error) {
	bare := *n
	bare.Tag = ""
	v, err := plain(&bare)
	if s, ok := v.(string); ok && name == "GetAtt" {
		resource, attribute, _ := strings.Cut(s, ".")
		v = []any{resource, attribute}
	}
	if name != "Ref" {
		name = "Fn::" + name
	}
	return mapping{name: v}, err
}

// at returns the value at a path: a string is the name of a member, an int is an index. It returns nil if there is
// none.
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

// text is like at, for a scalar. It returns "" if there is none.
func text(v any, path ...any) string {
	switch v := at(v, path...).(type) {
	case nil, mapping, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}

// number is like at, for a number. It returns 0 if there is none.
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

// list is like at, for a list.
func list(v any, path ...any) []any {
	l, _ := at(v, path...).([]any)
	return l
}

// members returns the members of a mapping, in order.
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
