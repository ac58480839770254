package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"time"
)

// A Lang is a language of the page.
type Lang string

// The languages of the page. Every page contains both.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// A Text is a text in both languages.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// same returns a text that needs no translation.
func same(s string) Text { return Text{s, s} }

// say formats a text in both languages with fmt.Sprintf. A Text in args is replaced by its text in each language.
func say(en, zh string, args ...any) Text {
	pick := func(lang Lang) []any {
		picked := make([]any, len(args))
		for i, a := range args {
			if t, ok := a.(Text); ok {
				a = t.in(lang)
			}
			picked[i] = a
		}
		return picked
	}
	return Text{fmt.Sprintf(en, pick(English)...), fmt.Sprintf(zh, pick(Chinese)...)}
}

func (t Text) in(lang Lang) string {
	if lang == Chinese {
		return t.ZH
	}
	return t.EN
}

// html returns both texts as elements. The style sheet hides one of them.
func (t Text) html() template.HTML {
	en, zh := template.HTMLEscapeString(t.EN), template.HTMLEscapeString(t.ZH)
	if en == zh {
		return template.HTML(en) //nolint:gosec // G203: escaped above
	}
	return template.HTML(`<span lang="en">` + en + `</span><span lang="zh">` + zh + `</span>`) //nolint:gosec // G203: escaped above
}

// data returns attributes with both texts, for texts that a style sheet cannot switch. The script sets the attribute
// called name or, if name is empty, the content of the element.
func (t Text) data(name string) template.HTMLAttr {
	attrs := `data-en="` + template.HTMLEscapeString(t.EN) + `" data-zh="` + template.HTMLEscapeString(t.ZH) + `"`
	if name != "" {
		attrs += ` data-attr="` + name + `"`
	}
	return template.HTMLAttr(attrs) //nolint:gosec // G203: escaped above
}

// plural formats n with an English noun and a Chinese pattern.
func plural(n int, noun, zh string) Text {
	en := number(n) + " " + noun
	if n != 1 {
		en += "s"
	}
	return Text{en, fmt.Sprintf(zh, number(n))}
}

func edits(n int) Text { return plural(n, "edit", "%s 次剪辑") }

// number formats n with commas, as in the other commands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent formats part of whole in percent. It returns 100 and 0 only if they are exact.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	v := math.Round(1000*float64(part)/float64(whole)) / 10
	switch {
	case part < whole && v == 100:
		v = 99.9
	case part > 0 && v == 0:
		v = 0.1
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + " %"
}

// ago formats a duration with its two largest units.
func ago(d time.Duration) Text {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days >= 2:
		return say("%d d %d h", "%d 天 %d 小时", days, hours)
	case d >= time.Hour:
		return say("%d h %d min", "%d 小时 %d 分钟", 24*days+hours, minutes)
	default:
		return say("%d min", "%d 分钟", minutes)
	}
}

// clock formats t in seconds, and minute in minutes.
func clock(t time.Time) string  { return t.Format(time.DateTime) }
func minute(t time.Time) string { return t.Format("2006-01-02 15:04") }

// zone returns t's offset from UTC.
func zone(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return "UTC" + t.Format("-07:00")
}
