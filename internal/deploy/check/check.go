// Package check compares the files of a deployment with each other, with what Serverless Devs and ROS accept, and with
// what the functions do.
//
// It checks the deployment, not the text. It reads a service file as it is deployed, with the environment and .env, and
// the template with the function's name, region and account. So a setting may have any value that works, and is a
// problem only if something would not work.
package check

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files of a deployment. All except the first two are optional.
const (
	ServiceFile   = "s.yaml"
	TemplateFile  = "template.yml"
	QueueFile     = "s.queue.yaml"
	ReconcileFile = "s.reconcile.yaml"
	ObserveFile   = "template.observe.yml"
)

// A Project is the text of the files, by name.
type Project map[string]string

// Read reads the files of a deployment in dir.
func Read(dir string) (Project, error) {
	p := Project{}
	for _, name := range []string{ServiceFile, TemplateFile, QueueFile, ReconcileFile, ObserveFile} {
		b, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // G304: a fixed name in the deployer's folder
		if errors.Is(err, fs.ErrNotExist) && name != ServiceFile && name != TemplateFile {
			continue
		}
		if err != nil {
			return nil, err
		}
		p[name] = string(b)
	}
	return p, nil
}

// Services returns the service files of p.
func (p Project) Services() []string {
	var files []string
	for _, name := range []string{ServiceFile, QueueFile, ReconcileFile} {
		if _, ok := p[name]; ok {
			files = append(files, name)
		}
	}
	return files
}

// A Verdict holds the problems of a deployment, and notes on what is allowed but may be unintended.
type Verdict struct{ Problems, Notes []string }

// Of returns the part of v that is about one file.
func (v Verdict) Of(file string) Verdict {
	about := func(findings []string) (own []string) {
		for _, finding := range findings {
			if strings.HasPrefix(finding, file+":") {
				own = append(own, finding)
			}
		}
		return own
	}
	return Verdict{Problems: about(v.Problems), Notes: about(v.Notes)}
}

// A report adds the findings about one place to a verdict.
type report struct {
	verdict *Verdict
	where   string
}

func (r report) problem(format string, args ...any) {
	r.verdict.Problems = append(r.verdict.Problems, r.where+": "+fmt.Sprintf(format, args...))
}

func (r report) note(format string, args ...any) {
	r.verdict.Notes = append(r.verdict.Notes, r.where+": "+fmt.Sprintf(format, args...))
}

// in returns a report about a part.
func (r report) in(part string) report { return report{r.verdict, r.where + ": " + part} }

// equal adds a problem if got is not want. why is the reason for want.
func (r report) equal(what string, got, want any, why string) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.problem("%s is %v, want %v: %s", what, got, want, why)
	}
}

// A Deployment is a project in one account, with one environment.
type Deployment struct {
	Services []*Service
	stack    stack
	observe  stack // its mapping is nil if there is no such file
}

// placeholder replaces an unknown account ID. The names must agree for any account.
const placeholder = "1234567890123456"

// Load reads the deployment of p with env in an account, which is "" if unknown. A file that cannot be read is a
// problem.
func (p Project) Load(env Lookup, account string) (Deployment, Verdict) {
	var d Deployment
	var v Verdict
	if account == "" {
		account = placeholder
	}
	for _, file := range p.Services() {
		r := report{&v, file}
		raw, err := p.merged(file)
		if err != nil {
			r.problem("%v", err)
			continue
		}
		s := &Service{File: file, raw: raw, vars: mapping{}}
		conform(r, "the file", at(fc3, "file"), raw)
		conform(r, "the resource", at(fc3, "resource"), s.resource())
		if err := s.resolve(env, account); err != nil {
			r.problem("%v", err)
			continue
		}
		d.Services = append(d.Services, s)
	}
	if len(d.Services) == 0 {
		return d, v
	}
	first := d.Services[0]
	template := func(file string) stack {
		s := stack{account: account, region: first.Region(), parameters: map[string]string{"Name": first.Name()}}
		if content, there := p[file]; there {
			var err error
			if s.mapping, err = parse(content); err != nil {
				report{&v, file}.problem("%v", err)
			}
			for _, place := range booleans(content) {
				report{&v, file}.problem("%s is a boolean to ROS: quote it", place)
			}
		}
		return s
	}
	d.stack, d.observe = template(TemplateFile), template(ObserveFile)
	return d, v
}

// Check checks the files of p with env and the account.
func (p Project) Check(env Lookup, account string) Verdict {
	d, v := p.Load(env, account)
	for _, file := range slices.Sorted(maps.Keys(p)) {
		secrets(report{&v, file}, p[file])
	}
	if len(v.Problems) > 0 { // unreadable files cannot be compared
		return v
	}
	for _, s := range d.Services {
		d.service(report{&v, s.File}, s)
	}
	extension(report{&v, QueueFile}, d)
	d.template(report{&v, TemplateFile})
	if d.observe.mapping != nil {
		d.watched(report{&v, ObserveFile})
	}
	slices.Sort(v.Problems) // some rules iterate over a map
	return v
}

// Bucket returns the bucket of the stack.
func (d Deployment) Bucket() string {
	name, _ := d.stack.attribute("Bucket", "Name")
	return name
}

// Prefix returns the prefix below which the function may write.
func (d Deployment) Prefix() string { return text(d.stack.mapping, "Parameters", "Prefix", "Default") }

// RecordEvents returns the list of event types that the stack would set at VOD.
func (d Deployment) RecordEvents() string {
	return text(d.stack.mapping, "Parameters", "RecordEvents", "Default")
}

// Name returns the name of the recorder. Every other name begins with it.
func (d Deployment) Name() string { return d.stack.parameters["Name"] }

// Access returns the alias of the account that deploys.
func (p Project) Access() string {
	m, _ := p.merged(ServiceFile) // Check reports an unreadable file
	if alias := text(m, "access"); alias != "" {
		return alias
	}
	return "default"
}

// extension checks that a service that extends another one deploys the same function with one more trigger.
func extension(r report, d Deployment) {
	var base, queue *Service
	for _, s := range d.Services {
		switch s.File {
		case ServiceFile:
			base = s
		case QueueFile:
			queue = s
		}
	}
	if base == nil || queue == nil {
		return
	}
	own, all := list(base.props, "triggers"), list(queue.props, "triggers")
	if len(all) < len(own) || fmt.Sprint(own) != fmt.Sprint(all[:len(own)]) {
		r.problem("triggers: want those of %s, unchanged, before the queue's: `extend` replaces lists", ServiceFile)
	}
	if queue.Name() != base.Name() {
		r.problem("functionName is %s, want %s: it is the same function", queue.Name(), base.Name())
	}
}
