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
	flags []string // those that named it, if any did
}

// fromFlag are the flags of every command that reads a store.
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

// How a store is named by a flag, and in RECORD_TO, for error messages and help texts.
const (
	storeForm    = "a directory, " + storeURLForm
	storeURLForm = "file:///DIR or oss://BUCKET[/PREFIX][?endpoint=URL&region=ID]"
)

// hasScheme matches what is meant as a URL. A drive letter is not a scheme.
var hasScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// parseStore reads the store that a flag names or, where it is not given, RECORD_TO. It also returns the text
// that named it.
func parseStore(flag, text string) (record.Target, string, error) {
	name, form := flag, storeForm
	if text == "" {
		name, form, text = "RECORD_TO", storeURLForm, strings.TrimSpace(os.Getenv("RECORD_TO"))
	}
	switch {
	case text == "":
		return record.Target{}, "", usagef("which store? Name it with %s: %s; or set RECORD_TO", flag, storeForm)
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
		return record.Target{}, fmt.Errorf("the shell did not replace the ~ of %q: write $HOME", path)
	}
	dir, err := filepath.Abs(path)
	if err == nil && filepath.Dir(dir) == dir {
		err = errors.New("the root directory is not a store")
	}
	return record.Target{Dir: dir}, err
}

// completeStore has the shell offer directories, and the beginning of a bucket's URL.
func completeStore(cmd *cobra.Command, flag string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if strings.HasPrefix(begun, "o") {
			return []string{"oss://"}, cobra.ShellCompDirectiveNoSpace
		}
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
	if err != nil {
		panic(err) // as in complete
	}
}

// explain adds to an error of the store what to do about it.
func (s source) explain(err error) error {
	text := err.Error()
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such directory", s.url)
	case errors.Is(err, fs.ErrPermission):
		hint = "run this as the user whose files they are, or on a copy"
	case strings.Contains(text, "NoSuchBucket"):
		hint = "is the bucket's name right, and the region its own?"
	case strings.Contains(text, "InvalidAccessKeyId"), strings.Contains(text, "SecurityToken"):
		hint = "the access key is unknown or has expired: renew it in ALIBABA_CLOUD_ACCESS_KEY_ID, …_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or in the profile"
	case strings.Contains(text, "SignatureDoesNotMatch"):
		hint = "does the access key's secret belong to it (ALIBABA_CLOUD_ACCESS_KEY_SECRET, or the profile's), and is the region the bucket's?"
	case strings.Contains(text, "InvalidArgument"), strings.Contains(text, "redirect"), strings.Contains(text, "AccessDenied") && strings.Contains(text, "endpoint"):
		hint = "is the region (?region=ID) the bucket's own?"
	case strings.Contains(text, "403"), strings.Contains(text, "AccessDenied"):
		hint = "the access key needs oss:ListObjects on the bucket and oss:GetObject on the prefix; or the region is not the bucket's"
	case strings.Contains(text, "Bad Gateway"), strings.Contains(text, "Gateway Time"):
		hint = "OSS itself does not answer so: is there a proxy on the way (HTTPS_PROXY, HTTP_PROXY), or is the endpoint not one of OSS?"
	case strings.Contains(text, "no such host"), strings.Contains(text, "connection refused"), strings.Contains(text, "i/o timeout"):
		hint = "is the region right, and is there a network? The internal endpoint is reached from its own region only"
	}
	if hint == "" {
		return fmt.Errorf("%s: %w", s.url, err)
	}
	return fmt.Errorf("%s: %w\n%s", s.url, err, hint)
}

// nothing says on w why there are no outcomes of edits to show, and what to try. It fails where the place is not
// a store.
func (s source) nothing(ctx context.Context, w io.Writer, sp span, loc *time.Location, filtered bool) error {
	return s.nothingOf(ctx, w, nil, sp, loc, filtered)
}

// nothingOf says the same of events of some types.
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
		case len(days) == 0: // a directory of something else
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
	fmt.Fprintf(w, "No %s event is recorded in %s, but events of other types. The function's RECORD_EVENTS says which are:\n", oneOf(types), s.url)
	suggest(w, s.command("list", "--event", strings.Join(kept, ",")))
	return nil
}

// onlyRejected says what a store has that has no event.
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
			fmt.Fprintf(w, "No outcomes, but %s of %s, the last of %s (UTC). See them:\n", root.what, plural(len(days), "day"), last)
			suggest(w, s.command("list", root.flag, "--since", last))
			return nil
		}
	}
	return s.emptyOrForeign(ctx, w)
}

// elsewhen says on which days there are events of a type.
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

// emptyOrForeign tells a store that waits for its first delivery from a place that is no store.
func (s source) emptyOrForeign(ctx context.Context, w io.Writer) error {
	for _, err := range s.Keys(ctx, "") {
		if err != nil {
			return s.explain(err)
		}
		return fmt.Errorf("%s is not a store of outcomes: there is neither %s/ nor %s/ in it, but other things. Is the prefix right?",
			s.url, outcome.Root, outcome.RejectedRoot)
	}
	fmt.Fprintf(w, "%s is empty: nothing has been recorded there yet, unless the prefix is another.\n", s.url)
	return nil
}

// maxNamed is how many unreadable objects are named one by one.
const maxNamed = 20

// problems are the objects that could not be read. It is safe for concurrent use.
type problems struct {
	mu     sync.Mutex
	first  []string
	number int
}

// add notes that the object with the key cannot be read.
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

// named returns the first of them by name, each with its cause.
func (p *problems) named() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.first)
}

// report names them on w, and counts them.
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

// plural returns n with the noun, in the plural where there is not one.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", thousands(n), noun)
}

// thousands spells n with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
