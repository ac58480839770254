package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vod-callback/recorder/internal/record"
)

const cliConfigText = `{"current":"work","profiles":[
	{"name":"work","mode":"AK","access_key_id":"AKwork","access_key_secret":"SECRETwork","region_id":"cn-shanghai"},
	{"name":"temp","mode":"StsToken","access_key_id":"AKtemp","access_key_secret":"SECRETtemp","sts_token":"TOKENtemp","region_id":"cn-beijing"},
	{"name":"odd","mode":"Unheard","access_key_id":"AKodd"}]}`

var secrets = regexp.MustCompile("(AK|SECRET|TOKEN)(work|temp|odd)")

func TestAccess(t *testing.T) { // not parallel: it is all about the environment
	const envKeys = "ALIBABA_CLOUD_ACCESS_KEY_ID=AKenv ALIBABA_CLOUD_ACCESS_KEY_SECRET=SECRETenv "
	for _, tt := range []struct {
		name, env, profile, url string
		region, key, token      string // of the result; no key: that of the environment
		err                     string
	}{
		{name: "the current profile", url: "oss://bucket", region: "cn-shanghai", key: "AKwork"},
		{name: "the environment before it", env: envKeys + "ALIBABA_CLOUD_REGION_ID=cn-hangzhou", url: "oss://bucket", region: "cn-hangzhou"},
		{name: "its region alone", env: envKeys, url: "oss://bucket", region: "cn-shanghai"},
		{name: "its credentials alone", env: "ALIBABA_CLOUD_REGION_ID=cn-hangzhou", url: "oss://bucket", region: "cn-hangzhou", key: "AKwork"},
		{name: "the URL before all", env: "ALIBABA_CLOUD_REGION_ID=cn-hangzhou", profile: "temp", url: "oss://bucket?region=cn-chengdu", region: "cn-chengdu", key: "AKtemp", token: "TOKENtemp"},
		{name: "FC_REGION is left to the recorder", env: "FC_REGION=cn-hangzhou", url: "oss://bucket", region: "", key: "AKwork"},
		{name: "named in the environment", env: "ALIBABA_CLOUD_PROFILE=temp", url: "oss://bucket", region: "cn-beijing", key: "AKtemp", token: "TOKENtemp"},
		{name: "named", env: envKeys + "ALIBABA_CLOUD_PROFILE=odd ALIBABA_CLOUD_REGION_ID=cn-hangzhou", profile: "temp", url: "oss://bucket", region: "cn-beijing", key: "AKtemp", token: "TOKENtemp"},
		{name: "unknown", profile: "none", url: "oss://bucket", err: `there is no profile "none" in`},
		{name: "of an unknown mode", profile: "odd", url: "oss://bucket?region=cn-hangzhou", err: `profile "odd": unsupported profile mode`},
		{name: "not configured", env: "ALIBABA_CLOUD_CONFIG_FILE=/nonexistent", url: "oss://bucket?region=cn-hangzhou", err: "no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{name: "no region", env: envKeys + "ALIBABA_CLOUD_CONFIG_FILE=/nonexistent", url: "oss://bucket", err: "no region: add ?region=ID"},
		{name: "named, not configured", env: "ALIBABA_CLOUD_CONFIG_FILE=/nonexistent", profile: "work", url: "oss://bucket", err: "no such file"},
		{name: "disabled", env: "ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true", url: "oss://bucket?region=cn-hangzhou", err: "no credentials"},
		{name: "broken", env: "ALIBABA_CLOUD_CONFIG_FILE=broken", url: "oss://bucket", err: "is not a valid configuration of the Alibaba Cloud CLI"},
		{name: "a directory needs none", env: "ALIBABA_CLOUD_CONFIG_FILE=broken", url: "file:///dir"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			check(t, os.Mkdir(filepath.Join(home, ".aliyun"), 0o700))
			check(t, os.WriteFile(filepath.Join(home, ".aliyun", "config.json"), []byte(cliConfigText), 0o600))
			broken := filepath.Join(home, "broken")
			check(t, os.WriteFile(broken, []byte(cliConfigText[:200]), 0o600))
			for _, name := range []string{"FC_REGION", "ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED",
				"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"} {
				t.Setenv(name, "")
			}
			t.Setenv("HOME", home)
			for _, e := range strings.Fields(tt.env) {
				name, value, _ := strings.Cut(e, "=")
				t.Setenv(name, strings.Replace(value, "broken", broken, 1))
			}
			target, err := record.ParseTarget(tt.url)
			check(t, err)
			got, profile, err := (&accessFlags{tt.profile}).resolve(target)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || secrets.MatchString(err.Error()) {
					t.Errorf("error %v, want %q and no secret", err, tt.err)
				}
				return
			}
			check(t, err)
			if got.OSS != nil && got.OSS.Region != tt.region {
				t.Errorf("region %q, want %q", got.OSS.Region, tt.region)
			}
			var c record.Credentials
			if profile != nil {
				c, err = profile.credentials()
				check(t, err)
			}
			if c.AccessKeyID != tt.key || c.SecurityToken != tt.token || (c.AccessKeySecret == "") != (tt.key == "") {
				t.Errorf("credentials of %q with token %q, want %q, %q", c.AccessKeyID, c.SecurityToken, tt.key, tt.token)
			}
		})
	}
}

func TestParseStore(t *testing.T) {
	t.Parallel()
	work, err := os.Getwd()
	check(t, err)
	for text, want := range map[string]string{
		"outcomes":           filepath.Join(work, "outcomes"),
		"./a/../b":           filepath.Join(work, "b"),
		"/var/out comes?x#y": "/var/out comes?x#y",
		"./x:y":              filepath.Join(work, "x:y"),
		"file:///var/x":      "/var/x",
	} {
		target, given, err := parseStore("--from", text)
		if err != nil || target.Dir != want || given != text {
			t.Errorf("%s: %+v, %q, %v; want %s", text, target, given, err, want)
		}
	}
	for text, want := range map[string]string{
		"s3://bucket": `unknown scheme "s3"`,
		"~/outcomes":  "write $HOME",
		"/":           "root directory",
		"log:":        "which is not a store",
		"file:x":      "want a directory",
		"oss://B":     "want a directory",
	} {
		if _, _, err := parseStore("--from", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
