package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// accessHelp is the part of a help text that explains how a store is named and reached.
const accessHelp = "The store is --from, or the environment's RECORD_TO. " + ossHelp

// ossHelp explains what a store is and how OSS is reached.
const ossHelp = `A store is
` + storeForm + `.

The credentials for OSS are ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET
and, for temporary credentials, ALIBABA_CLOUD_SECURITY_TOKEN. Without them, a profile of
the Alibaba Cloud CLI is used: --profile, ALIBABA_CLOUD_PROFILE, or the current one. The
region is the first of: ?region=, FC_REGION, ALIBABA_CLOUD_REGION_ID, the profile's.`

// accessFlags are the flags of every command that reaches OSS.
type accessFlags struct{ profile string }

func (a *accessFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.profile, "profile", "", "the Alibaba Cloud CLI profile whose access key and region are used "+
		"(default: the environment's, else the current profile's)")
	err := cmd.RegisterFlagCompletionFunc("profile", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		config, _ := readCLIConfig() // without a configuration there is nothing to offer
		return config.names(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // only a programming error, as in complete
	}
}

// openStore opens the store that target names.
func (a *accessFlags) openStore(target record.Target) (store.Store, error) {
	target, profile, err := a.resolve(target)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(target, os.Getenv)
	if err != nil || profile == nil {
		return s, err
	}
	return profileStore{s, profile}, nil
}

// openRecorder returns the recorder that target names.
func (a *accessFlags) openRecorder(target record.Target) (record.Recorder, error) {
	target, profile, err := a.resolve(target)
	if err != nil {
		return nil, err
	}
	r := record.Open(target, os.Getenv)
	if profile == nil {
		return r, nil
	}
	return profileRecorder{r, profile}, nil
}

// resolve completes target with a region. It returns the profile that has the credentials, or nil if the
// environment has them. A profile named on the command line takes precedence over the environment.
func (a *accessFlags) resolve(target record.Target) (record.Target, *cliProfile, error) {
	if target.OSS == nil {
		return target, nil, nil
	}
	profile := new(cliProfile)
	inEnv := a.profile == "" && os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID") != "" && os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET") != ""
	fcRegion, envRegion := os.Getenv("FC_REGION"), os.Getenv("ALIBABA_CLOUD_REGION_ID")
	if !inEnv || cmp.Or(target.OSS.Region, fcRegion, envRegion) == "" {
		var err error
		if profile, err = findProfile(a.profile); err != nil {
			return target, nil, err
		}
	}
	oss := *target.OSS
	if a.profile != "" {
		oss.Region = cmp.Or(oss.Region, profile.Region)
	}
	if fcRegion == "" { // the recorder reads FC_REGION itself, as the region in which it runs
		oss.Region = cmp.Or(oss.Region, envRegion, profile.Region)
	}
	target.OSS = &oss
	switch {
	case cmp.Or(oss.Region, fcRegion) == "":
		return target, nil, errors.New("no region: add ?region=ID to the oss:// URL, or set ALIBABA_CLOUD_REGION_ID")
	case inEnv:
		return target, nil, nil
	case profile.Name == "":
		return target, nil, errors.New("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, " +
			"or configure the Alibaba Cloud CLI with 'aliyun configure'")
	}
	_, err := profile.credentials() // report a broken profile before the first request
	return target, profile, err
}

// A cliConfig is the part of the Alibaba Cloud CLI's configuration that vodctl reads. The official library gets
// the credentials, because it knows every mode of a profile.
type cliConfig struct {
	path     string
	Current  string        `json:"current"`
	Profiles []*cliProfile `json:"profiles"`
}

// A cliProfile is one profile. The zero value means that there is no profile.
type cliProfile struct {
	Name            string `json:"name"`
	Region          string `json:"region_id"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	SecurityToken   string `json:"sts_token"`

	mu       sync.Mutex // the library's providers are not safe for concurrent use
	provider *providers.CLIProfileCredentialsProvider
}

// readCLIConfig reads ~/.aliyun/config.json, or the file that the CLI's own variable names. Its errors never
// repeat the content of the file, because that holds secrets.
func readCLIConfig() (cliConfig, error) {
	c := cliConfig{path: os.Getenv("ALIBABA_CLOUD_CONFIG_FILE")}
	if c.path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return c, fs.ErrNotExist
		}
		c.path = filepath.Join(home, ".aliyun", "config.json")
	}
	data, err := os.ReadFile(c.path)
	if err != nil {
		return c, err
	}
	if json.Unmarshal(data, &c) != nil {
		return c, fmt.Errorf("%s is not a valid configuration of the Alibaba Cloud CLI: run 'aliyun configure'", c.path)
	}
	return c, nil
}

func (c cliConfig) names() []string {
	var names []string
	for _, p := range c.Profiles {
		names = append(names, p.Name)
	}
	return names
}

// findProfile returns the profile called name. If name is empty, it returns the profile that ALIBABA_CLOUD_PROFILE
// names, or else the current one. It returns the zero profile if none is named and the CLI is not configured.
func findProfile(name string) (*cliProfile, error) {
	name = cmp.Or(name, os.Getenv("ALIBABA_CLOUD_PROFILE"))
	if strings.EqualFold(os.Getenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED"), "true") && name == "" {
		return new(cliProfile), nil
	}
	config, err := readCLIConfig()
	switch {
	case errors.Is(err, fs.ErrNotExist) && name == "":
		return new(cliProfile), nil
	case err != nil:
		return nil, fmt.Errorf("cannot read the Alibaba Cloud CLI profile: %w", err)
	}
	name = cmp.Or(name, config.Current)
	for _, p := range config.Profiles {
		if p.Name != name {
			continue
		}
		p.provider, err = providers.NewCLIProfileCredentialsProviderBuilder().WithProfileFile(config.path).WithProfileName(name).Build()
		return p, err
	}
	return nil, usagef("there is no profile %q in %s; it has: %s", name, config.path, strings.Join(config.names(), ", "))
}

// credentials returns the profile's credentials. It gets new ones when the last ones expire.
func (p *cliProfile) credentials() (record.Credentials, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.provider.GetCredentials()
	if err != nil {
		return record.Credentials{}, fmt.Errorf("profile %q: %s", p.Name, p.withoutSecrets(err.Error()))
	}
	return record.Credentials{AccessKeyID: c.AccessKeyId, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken}, nil
}

// withoutSecrets removes the profile's secrets from an error text, because a service may repeat them in it.
func (p *cliProfile) withoutSecrets(text string) string {
	for _, secret := range []string{p.AccessKeyID, p.AccessKeySecret, p.SecurityToken} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}

// context returns ctx with the profile's credentials for a request to OSS.
func (p *cliProfile) context(ctx context.Context) (context.Context, error) {
	c, err := p.credentials()
	if err != nil {
		return nil, err
	}
	return record.NewContext(ctx, record.Invocation{Credentials: c}), nil
}

// A profileStore reads a bucket with the credentials of a profile.
type profileStore struct {
	store   store.Store
	profile *cliProfile
}

func (s profileStore) Types(ctx context.Context) ([]string, error) {
	ctx, err := s.profile.context(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.Types(ctx)
}

func (s profileStore) Days(ctx context.Context, root string) ([]string, error) {
	ctx, err := s.profile.context(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.Days(ctx, root)
}

func (s profileStore) Keys(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	ctx, err := s.profile.context(ctx)
	if err != nil {
		return func(yield func(store.Object, error) bool) { yield(store.Object{}, err) }
	}
	return s.store.Keys(ctx, prefix)
}

func (s profileStore) Get(ctx context.Context, key string) ([]byte, error) {
	ctx, err := s.profile.context(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.Get(ctx, key)
}

// A profileRecorder records in a bucket with the credentials of a profile.
type profileRecorder struct {
	recorder record.Recorder
	profile  *cliProfile
}

// Record implements record.Recorder.
func (r profileRecorder) Record(ctx context.Context, e record.Entry) (record.Result, error) {
	ctx, err := r.profile.context(ctx)
	if err != nil {
		return 0, err
	}
	return r.recorder.Record(ctx, e)
}
