// Command deploy has the tools that the Makefile and Serverless Devs run for a deployment:
//
//	deploy validate                      check the files of the deployment, with .env and the account of `s config`
//	deploy preflight -account ID FILE    check the function of FILE before its deployment
//	deploy redact COMMAND…               run a command, and remove callback keys and credentials from its output
//	deploy package ARCHIVE FILE…         pack the function reproducibly
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/vod-callback/recorder/internal/deploy/archive"
	"github.com/vod-callback/recorder/internal/deploy/check"
	"github.com/vod-callback/recorder/internal/deploy/preflight"
	"github.com/vod-callback/recorder/internal/deploy/redact"
	"github.com/vod-callback/recorder/internal/deploy/sdevs"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		status = max(status, 1)
	}
	os.Exit(status)
}

var errUsage = errors.New("usage: deploy validate | preflight -account ID FILE | redact COMMAND… | package ARCHIVE FILE…")

func run(args []string) (status int, err error) {
	if len(args) == 0 {
		return 2, errUsage
	}
	env, err := sdevs.ReadEnv(".env", os.LookupEnv)
	if err != nil {
		return 1, err
	}
	command, args := args[0], args[1:]
	switch {
	case command == "validate" && len(args) == 0:
		return validate(env)
	case command == "preflight" && len(args) == 3 && args[0] == "-account":
		return askFirst(env, args[1], args[2])
	case command == "redact" && len(args) > 0:
		return redact.Run(filter(env), args, os.Stdin, os.Stdout, os.Stderr)
	case command == "package" && len(args) > 1:
		return 0, archive.Write(args, os.Stdout)
	default:
		return 2, errUsage
	}
}

// secretVariables are the variables whose values must not be printed.
var secretVariables = []string{
	"VOD_CALLBACK_KEYS", "AccessKeyID", "AccessKeySecret", "SecurityToken",
	"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
}

func filter(env *sdevs.Env) *redact.Filter {
	var values []string
	for _, name := range secretVariables {
		value, _ := env.Lookup(name)
		values = append(values, value, env.InFile(name))
	}
	return redact.New(secretVariables, values)
}

// validate checks the deployment in the working directory, as far as possible without the cloud.
func validate(env *sdevs.Env) (int, error) {
	project, err := check.Read(".")
	if err != nil {
		return 1, err
	}
	account, err := sdevs.Account(env, project.Access())
	if err != nil {
		return 1, err
	}
	verdict := project.Check(env.Lookup, account)
	verdict.Problems = append(verdict.Problems, project.MisspeltNames(env.FileNames())...)
	d, _ := project.Load(env.Lookup, account)
	for _, s := range d.Services {
		verdict.Problems = append(verdict.Problems, check.Folder(s.Code())...)
		problems, notes := judge(d, s, account, false)
		verdict.Problems = append(verdict.Problems, problems...)
		verdict.Notes = append(verdict.Notes, notes...)
	}
	return say(verdict), nil
}

// askFirst checks the function of a file before its deployment.
func askFirst(env *sdevs.Env, account, file string) (int, error) {
	project, err := check.Read(".")
	if err != nil {
		return 1, err
	}
	d, _ := project.Load(env.Lookup, account)
	verdict := project.Check(env.Lookup, account).Of(file)
	for _, s := range d.Services {
		if s.File == file {
			problems, notes := judge(d, s, account, true)
			verdict.Problems = append(verdict.Problems, problems...)
			verdict.Notes = append(verdict.Notes, notes...)
			return say(verdict), nil
		}
	}
	say(verdict)
	return 1, fmt.Errorf("%s is not a service file that can be deployed", file)
}

func judge(d check.Deployment, s *check.Service, account string, now bool) (problems, notes []string) {
	f := preflight.Function{
		Account: account, Region: s.Region(), Name: d.Name(), Timeout: s.Timeout(), Env: s.Environment,
		Bucket: d.Bucket(), Prefix: d.Prefix(), RecordEvents: d.RecordEvents(), Now: now, Web: http.DefaultTransport,
	}
	if s.Records() {
		return f.Recorder()
	}
	return f.Reconciler()
}

// say prints each finding once, and returns the exit status.
func say(v check.Verdict) int {
	said := map[string]bool{}
	for _, note := range v.Notes {
		if !said[note] {
			fmt.Println("note:", note)
		}
		said[note] = true
	}
	for _, problem := range v.Problems {
		if !said[problem] {
			fmt.Fprintln(os.Stderr, "cannot deploy:", strings.TrimSpace(problem))
		}
		said[problem] = true
	}
	return min(len(v.Problems), 1)
}
