package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/store"
)

// A source is the store that a command reads.
type source struct {
	store.Store
	url   string   // as given
	flags []string // the flags that named it, if any
}

// fromFlag holds the flags of every command that reads a store.
type fromFlag struct {
	accessFlags
	text string
}

func (ff *fromFlag) add(cmd *cobra.Command, f *pflag.FlagSet) {
	f.StringVar(&ff.text, "from", "", "the store, a directory or a URL (default: $RECORD_TO)")
	completeStore(cmd, "from")
	ff.accessFlags.add(cmd)
}

// open opens the store.
func (ff *fromFlag) open() (source, error) {
	target, text, err := parseStore("--from", ff.text)
	if err != nil {
		return source{}, err
	}
	s, err := ff.openStore(target)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", text, err)
	}
	src := source{Store: s, url: text}
	if ff.text != "" {
		src.flags = append(src.flags, "--from", ff.text)
	}
	if ff.profile != "" {
		src.flags = append(src.flags, "--profile", ff.profile)
	}
	return src, nil
}

// The accepted forms of a store's name, in a flag and in RECORD_TO, for error messages and help texts.
const (
	storeForm    = "a directory, " + storeURLForm
	storeURLForm = "file:///DIR or oss://BUCKET[/PREFIX][?endpoint=URL&region=ID]"
)

// hasScheme matches a text that is meant as a URL. A single letter is a drive, not a scheme.
var hasScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// parseStore reads the store that a flag names or, if the flag is not given, RECORD_TO. It also returns the text
// that it read.
func parseStore(flag, text string) (record.Target, string, error) {
	name, form := flag, storeForm
	if text == "" {
		name, form, text = "RECORD_TO", storeURLForm, strings.TrimSpace(os.Getenv("RECORD_TO"))
	}
	switch {
	case text == "":
		return record.Target{}, "", usagef("no store: name it with %s (%s) or set RECORD_TO", flag, storeForm)
	case name == flag && !hasScheme.MatchString(text):
		target, err := parseDir(text)
		if err != nil {
			return record.Target{}, "", usagef("%s: %w", name, err)
		}
		return target, text, nil
	}
	target, err := record.ParseTarget(text)
	switch {
	case err != nil:
		return record.Target{}, "", usagef("%s: %w; want %s", name, err, form)
	case target.Log:
		return record.Target{}, "", usagef("%s is log:, which is not a store. Search the log in Simple Log Service, "+
			"or copy its records to a store: 'vodctl replay --help'", name)
	}
	return target, text, nil
}

// parseDir reads a plain path.
func parseDir(path string) (record.Target, error) {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return record.Target{}, fmt.Errorf("the shell did not expand the ~ in %q: write $HOME", path)
	}
	dir, err := filepath.Abs(path)
	if err == nil && filepath.Dir(dir) == dir {
		err = errors.New("the root directory is not a store")
	}
	return record.Target{Dir: dir}, err
}

// completeStore makes the shell offer directories and the start of an oss:// URL.
func completeStore(cmd *cobra.Command, flag string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if strings.HasPrefix(begun, "o") {
			return []string{"oss://"}, cobra.ShellCompDirectiveNoSpace
		}
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	if err != nil {
		panic(err) // only a programming error, as in complete
	}
}

// explain adds to an error of the store what the user can do about it.
func (s source) explain(err error) error {
	text := err.Error()
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such directory", s.url)
	case errors.Is(err, fs.ErrPermission):
		hint = "run vodctl as the owner of the files, or on a copy of them"
	case strings.Contains(text, "NoSuchBucket"):
		hint = "check the bucket's name and its region (?region=ID)"
	case strings.Contains(text, "InvalidAccessKeyId"), strings.Contains(text, "SecurityToken"):
		hint = "the access key is unknown or expired: renew it in ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or in the profile"
	case strings.Contains(text, "SignatureDoesNotMatch"):
		hint = "check that the access key secret (ALIBABA_CLOUD_ACCESS_KEY_SECRET, or the profile's) belongs to the access key ID, and that the region is the bucket's"
	case strings.Contains(text, "InvalidArgument"), strings.Contains(text, "redirect"), strings.Contains(text, "AccessDenied") && strings.Contains(text, "endpoint"):
		hint = "check that the region (?region=ID) is the bucket's"
	case strings.Contains(text, "403"), strings.Contains(text, "AccessDenied"):
		hint = "the access key needs oss:ListObjects on the bucket and oss:GetObject on the prefix; also check that the region is the bucket's"
	case strings.Contains(text, "Bad Gateway"), strings.Contains(text, "Gateway Time"):
		hint = "this answer is not from OSS: check the proxy (HTTPS_PROXY, HTTP_PROXY) and the endpoint"
	case strings.Contains(text, "no such host"), strings.Contains(text, "connection refused"), strings.Contains(text, "i/o timeout"):
		hint = "check the region and the network; the internal endpoint is reachable only from its own region"
	}
	if hint == "" {
		return fmt.Errorf("%s: %w", s.url, err)
	}
	return fmt.Errorf("%s: %w\n%s", s.url, err, hint)
}

// nothing explains on w why there are no outcomes of edits, and what to try. It returns an error if the location
// is not a store.
func (s source) nothing(ctx context.Context, w io.Writer, sp span, loc *time.Location, filtered bool) error {
	return s.nothingOf(ctx, w, nil, sp, loc, filtered)
}

// nothingOf does the same for events of the given types.
func (s source) nothingOf(ctx context.Context, w io.Writer, types events.Selection, sp span, loc *time.Location, filtered bool) error {
	if len(types) == 0 {
		types = events.Selection{outcome.Root}
	}
	roots, err := s.Types(ctx)
	if err != nil {
		return s.explain(err)
	}
	var kept []string
	for _, root := range roots {
		days, err := s.Days(ctx, root)
		switch {
		case err != nil:
			return s.explain(err)
		case len(days) == 0: // the directory has no days, so it is not an event type
		case types.Has(root):
			s.elsewhen(w, root, days, sp, loc, filtered)
			return nil
		default:
			kept = append(kept, root)
		}
	}
	if len(kept) == 0 {
		return s.onlyRejected(ctx, w)
	}
	fmt.Fprintf(w, "%s has no %s events, but has events of other types. The function's RECORD_EVENTS selects the recorded types:\n", s.url, oneOf(types))
	suggest(w, s.command("list", "--event", strings.Join(kept, ",")))
	return nil
}

// onlyRejected prints what a store without events contains.
func (s source) onlyRejected(ctx context.Context, w io.Writer) error {
	for _, root := range []struct{ name, what, flag string }{
		{outcome.RejectedRoot, "rejected deliveries", "--rejected"},
		{store.MissingRoot, "edits whose callback never came", "--utc"},
	} {
		days, err := s.Days(ctx, root.name)
		if err != nil {
			return s.explain(err)
		}
		if len(days) > 0 {
			last := days[len(days)-1]
			fmt.Fprintf(w, "No outcomes, but %s on %s, the last on %s (UTC). To see them:\n", root.what, plural(len(days), "day"), last)
			suggest(w, s.command("list", root.flag, "--since", last))
			return nil
		}
	}
	return s.emptyOrForeign(ctx, w)
}

// elsewhen prints on which days there are events of a type.
func (s source) elsewhen(w io.Writer, eventType string, days []string, sp span, loc *time.Location, filtered bool) {
	what, args := "outcomes", []string{"list", "--since", days[len(days)-1], "--utc"}
	if eventType != outcome.Root {
		what, args = eventType+" events", append(args, "--event", eventType)
	}
	such, drop := "No ", ""
	if filtered {
		such, drop = "No such ", ", or drop a filter"
	}
	fmt.Fprintf(w, "%s%s %s. The store has %s of %s, from %s to %s (UTC): widen --since or --until%s.\n",
		such, what, sp.words(loc), what, plural(len(days), "day"), days[0], days[len(days)-1], drop)
	if !filtered {
		suggest(w, s.command(args...))
	}
}

// emptyOrForeign distinguishes an empty store, for which it prints a message, from a location that is not a store,
// for which it returns an error.
func (s source) emptyOrForeign(ctx context.Context, w io.Writer) error {
	for o, err := range s.Keys(ctx, "") {
		if err != nil {
			return s.explain(err)
		}
		if _, err := store.ParseKey(o.Key); err == nil || strings.HasPrefix(o.Key, store.MissingRoot+"/dt=") {
			break // events of other types, or findings of reconcile
		}
		return fmt.Errorf("%s is not a store of outcomes: it has other content, but neither %s/ nor %s/; check the prefix",
			s.url, outcome.Root, outcome.RejectedRoot)
	}
	fmt.Fprintf(w, "%s is empty: nothing has been recorded there yet, or the prefix is wrong.\n", s.url)
	return nil
}

// maxNamed is the maximum number of unreadable objects that are named.
const maxNamed = 20

// problems are the objects that could not be read. It is safe for concurrent use.
type problems struct {
	mu     sync.Mutex
	first  []string
	number int
}

// add records that the object with the key cannot be read.
func (p *problems) add(key string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number++
	if len(p.first) < maxNamed {
		p.first = append(p.first, harmless(key)+": "+harmless(err.Error()))
	}
}

func (p *problems) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.number
}

// named returns the first maxNamed problems: key and cause.
func (p *problems) named() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.first)
}

// report prints the number of problems and the first of them on w.
func (p *problems) report(w io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.number == 0 {
		return
	}
	fmt.Fprintf(w, "%s could not be read:\n", plural(p.number, "object"))
	slices.Sort(p.first)
	for _, line := range p.first {
		fmt.Fprintf(w, "  %s\n", line)
	}
	if more := p.number - len(p.first); more > 0 {
		fmt.Fprintf(w, "  … and %d more\n", more)
	}
}

// plural returns n and the noun, in the plural unless n is 1.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", thousands(n), noun)
}

// thousands formats n with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
