package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// pages holds the page's template for each initial language.
var pages = map[Lang]*template.Template{English: parse(English), Chinese: parse(Chinese)}

// parse returns the template. Its function "t" shows a text, and "say" shows a text with arguments. For an attribute or
// element that cannot contain both languages, "attr" and "data" store both for the script.
func parse(lang Lang) *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"lang": func() Lang { return lang },
		"t":    Text.html,
		"say":  func(en, zh string, args ...any) template.HTML { return say(en, zh, args...).html() },
		"text": say,
		"in":   func(t Text) string { return t.in(lang) },
		"data": func(t Text) template.HTMLAttr { return t.data("") },
		"attr": func(name, en, zh string, args ...any) template.HTMLAttr {
			t := say(en, zh, args...)
			return template.HTMLAttr(name+`="`+template.HTMLEscapeString(t.in(lang))+`" `) + t.data(name) //nolint:gosec // G203: escaped
		},
		"parts":   func(s string) []string { return strings.SplitAfter(s, ".") },
		"number":  number,
		"edits":   edits,
		"percent": percent,
		"clock":   clock,
		"minute":  minute,
		"zone":    zone,
		"iso":     func(t time.Time) string { return t.Format(time.RFC3339) },
		"style":   func() template.HTML { return inline("style", pageCSS) },
		"script":  func() template.HTML { return inline("script", pageJS) },
		"policy":  func() string { return Policy },
	}).Parse(pageHTML))
}

// Policy is the page's content security policy. It allows only the page's own style and script.
var Policy = "default-src 'none'; img-src data:; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) + "; base-uri 'none'; form-action 'none'"

// inline returns a style or script element. It bypasses html/template, which would change the text, so that the
// policy's hash would not match. The text is a constant of this package.
func inline(element, text string) template.HTML {
	return template.HTML("<" + element + ">" + text + "</" + element + ">") //nolint:gosec // G203: it contains nothing from events
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Write writes the page. html/template escapes everything that comes from events.
func (r Report) Write(w io.Writer) error {
	if r.View.Lang != Chinese {
		r.View.Lang = English
	}
	var b bytes.Buffer // buffered, so that an incomplete page is never written
	if err := pages[r.View.Lang].Execute(&b, r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}
