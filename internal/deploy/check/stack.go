package check

import (
	"errors"
	"fmt"
	"strconv"
)

// A stack is a ROS template in one account and region.
type stack struct {
	mapping
	account    string
	region     string
	parameters map[string]string // the given ones; the others have their defaults
}

// attributes has the properties that GetAtt returns, by type and attribute.
var attributes = map[string]string{
	"ALIYUN::OSS::Bucket.Name":           "BucketName",
	"ALIYUN::SLS::Project.Name":          "Name",
	"ALIYUN::SLS::Logstore.LogstoreName": "LogstoreName",
	"ALIYUN::MNS::Topic.TopicName":       "TopicName",
	"ALIYUN::MNS::Queue.QueueName":       "QueueName",
}

// noValue is the value of !Ref ALIYUN::NoValue.
const noValue = ""

// value returns the value of a function, or v itself if it is not a function.
func (s stack) value(v any) (any, error) {
	m, ok := v.(mapping)
	if !ok || len(m) != 1 {
		return v, nil
	}
	for name, arg := range members(m) {
		switch name {
		case "Ref":
			return s.name(text(arg))
		case "Fn::GetAtt":
			return s.attribute(text(arg, 0), text(arg, 1))
		case "Fn::Sub":
			var errs []error
			out := expression.ReplaceAllStringFunc(text(arg), func(e string) string {
				if e[2] == '!' { // ${!x} is the text ${x}
					return "${" + e[3:]
				}
				value, err := s.name(e[2 : len(e)-1])
				errs = append(errs, err)
				return value
			})
			return out, errors.Join(errs...)
		case "Fn::If":
			holds, err := s.condition(mapping{"Condition": at(arg, 0)})
			if err != nil {
				return nil, err
			}
			if holds {
				return s.value(at(arg, 1))
			}
			return s.value(at(arg, 2))
		}
	}
	return v, nil
}

// eval returns the text of a value.
func (s stack) eval(v any) (string, error) {
	v, err := s.value(v)
	if err != nil {
		return "", err
	}
	if m, ok := v.(mapping); ok {
		return "", fmt.Errorf("%v is a function that is not known here", m)
	}
	return text(v), nil
}

// condition reports whether a condition is true. arg is the name of a condition, or a function.
func (s stack) condition(v any) (bool, error) {
	for name, arg := range members(v) {
		switch name {
		case "Condition":
			c := at(s.mapping, "Conditions", text(arg))
			if c == nil {
				return false, fmt.Errorf("there is no condition %q", text(arg))
			}
			return s.condition(c)
		case "Fn::Not":
			holds, err := s.condition(arg)
			return !holds, err
		case "Fn::Equals":
			a, err1 := s.eval(at(arg, 0))
			b, err2 := s.eval(at(arg, 1))
			return a == b, errors.Join(err1, err2)
		}
	}
	return false, fmt.Errorf("%v is a condition that is not known here", v)
}

func (s stack) name(name string) (string, error) {
	switch name {
	case "ALIYUN::TenantId":
		return s.account, nil
	case "ALIYUN::Region":
		return s.region, nil
	case "ALIYUN::NoValue":
		return noValue, nil
	}
	if v, ok := s.parameters[name]; ok {
		return v, nil
	}
	if parameter := at(s.mapping, "Parameters", name); parameter != nil {
		return text(parameter, "Default"), nil
	}
	for i := range name {
		if name[i] == '.' {
			return s.attribute(name[:i], name[i+1:])
		}
	}
	return "", fmt.Errorf("there is no parameter %s", strconv.Quote(name))
}

func (s stack) attribute(resource, attribute string) (string, error) {
	r := at(s.mapping, "Resources", resource)
	kind := text(r, "Type")
	if kind == "ALIYUN::RAM::Role" && attribute == "Arn" {
		name, err := s.eval(at(r, "Properties", "RoleName"))
		return "acs:ram::" + s.account + ":role/" + name, err
	}
	property, ok := attributes[kind+"."+attribute]
	if !ok {
		return "", fmt.Errorf("%s.%s is an attribute that is not known here", resource, attribute)
	}
	return s.eval(at(r, "Properties", property))
}

// ofType returns the resources of a type and their properties, in order of their names.
func (s stack) ofType(kind string) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for name, r := range members(s.mapping, "Resources") {
			if text(r, "Type") == kind && !yield(name, at(r, "Properties")) {
				return
			}
		}
	}
}
