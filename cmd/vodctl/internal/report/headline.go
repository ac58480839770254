package report

import (
	"strings"
	"time"
)

// A Level is the severity of an Item.
type Level string

// The levels.
const (
	Bad  Level = "bad"
	Warn Level = "warn"
	OK   Level = "ok"
	Note Level = "note"
)

// An Item is one sentence of the summary.
type Item struct {
	Level   Level
	Text    Text
	Link    string // the ID of the section with the details
	Command string // a command to run next
}

// Headline returns the sentence about the last failure.
func (r Report) Headline() Item {
	switch {
	case r.Total == 0:
		return Item{Level: Note, Text: Text{"No edit ended in this time range.", "该时间段内没有剪辑结束。"}}
	case r.LastFailure == nil:
		return Item{Level: OK, Text: Text{"Nothing failed in this time range.", "该时间段内没有失败。"}}
	case !r.View.Live:
		return Item{Level: Note, Text: say("The last failure was at %s.", "最近一次失败：%s。", minute(*r.LastFailure))}
	case r.Unbroken == 0:
		return Item{Level: Bad, Text: say("The newest edit failed, at %s.", "最近一次剪辑失败（%s）。", minute(*r.LastFailure))}
	default:
		level := OK
		if r.SinceYesterday != nil && r.SinceYesterday.Failed > 0 {
			level = Note // too short to be good news
		}
		return Item{Level: level, Text: say("Nothing has failed for %s, since %s (%s).", "自 %[2]s 起已有 %[1]s没有失败（%[3]s）。",
			ago(r.Generated.Sub(*r.LastFailure)), minute(*r.LastFailure), edits(r.Unbroken))}
	}
}

// Items returns the other sentences of the summary, in the order of the page.
func (r Report) Items() []Item {
	var items []Item
	for _, item := range []Item{
		r.sinceYesterday(), r.newCauses(), r.worst(), r.lastCallback(), r.rejected(), r.missing(), r.wentOn(), r.afterEnd(),
	} {
		if item.Level != "" {
			items = append(items, item)
		}
	}
	return items
}

// named is the maximum number of codes in a sentence.
const named = 3

func (r Report) sinceYesterday() Item {
	y := r.SinceYesterday
	switch {
	case y == nil || y.Total == 0:
		return Item{}
	case y.Failed == 0:
		return Item{Level: OK, Text: say("None of %s since yesterday failed.", "昨天以来的 %s全部成功。", edits(y.Total))}
	}
	var codes []string
	for _, c := range r.Causes {
		if c.Recent > 0 && len(codes) < named {
			codes = append(codes, r.Short(c.Name)+" "+number(c.Recent))
		}
	}
	return Item{Level: Bad, Link: "failures", Text: say("%s of %s failed since yesterday: %s.", "昨天以来 %[2]s中有 %[1]s 次失败：%[3]s。",
		number(y.Failed), edits(y.Total), strings.Join(codes, ", "))}
}

func (r Report) newCauses() Item {
	var codes []string
	more := 0
	for _, c := range r.Causes {
		switch {
		case !c.New:
		case len(codes) < named:
			codes = append(codes, r.Short(c.Name))
		default:
			more++
		}
	}
	switch {
	case r.Before.Total == 0: // nothing to compare with
		return Item{}
	case len(codes) == 0 && r.Failed == 0:
		return Item{}
	case len(codes) == 0:
		return Item{Level: OK, Text: Text{"There are no new causes: each one also occurred in the previous time range.", "没有新的失败原因：都在前一时间段出现过。"}}
	case more > 0:
		return Item{Level: Bad, Link: "causes", Text: say("New causes: %s and %d more.", "新的失败原因：%s，另有 %d 个。", strings.Join(codes, ", "), more)}
	case len(codes) > 1:
		return Item{Level: Bad, Link: "causes", Text: say("New causes: %s.", "新的失败原因：%s。", strings.Join(codes, ", "))}
	default:
		return Item{Level: Bad, Link: "causes", Text: say("New cause: %s.", "新的失败原因：%s。", codes[0])}
	}
}

// lastCallback returns a warning if the time since the last callback is longer than any pause in the time range. The
// edits may then continue while their callbacks do not arrive.
func (r Report) lastCallback() Item {
	const short = time.Hour
	switch {
	case !r.View.Live:
		return Item{}
	case r.LastHeard == nil:
		return Item{Level: Warn, Text: Text{"No callback has been recorded yet.", "尚未记录任何回调。"}}
	}
	silence := max(r.Generated.Sub(*r.LastHeard), 0) // clocks can differ slightly
	pause := time.Duration(r.LongestPause * float64(time.Second))
	if silence <= max(pause, short) {
		return Item{Level: OK, Text: say("The last callback came %s ago.", "最近一次回调在 %s前收到。", ago(silence))}
	}
	if pause == 0 {
		return Item{Level: Warn, Text: say("No callback for %s: either nothing was edited, or callbacks do not arrive. Check the callback URL and key at the sender, and the function's log.",
			"已 %s没有收到回调：或者没有剪辑，或者回调没有送达。请检查发送方的回调地址和密钥，以及函数日志。", ago(silence))}
	}
	return Item{Level: Warn, Text: say("No callback for %s; the longest pause of this time range was %s. Callbacks may be broken: check the callback URL and key at the sender, and the function's log.",
		"已 %s没有收到回调，而该时间段内最长的间隔是 %s。回调可能已中断：请检查发送方的回调地址和密钥，以及函数日志。", ago(silence), ago(pause))}
}

func (r Report) missing() Item {
	if r.MissingTotal > 0 {
		return Item{Level: Bad, Link: "missing", Text: say("%s ended without a callback.", "%s已结束但没有回调。", edits(r.MissingTotal))}
	}
	return Item{Level: Note, Command: r.ReconcileCommand(), Text: Text{
		"No edits without a callback are recorded. To ask the producer for them:",
		"没有已知的缺失剪辑。要向服务方核对哪些剪辑结束后没有回调：",
	}}
}

func (r Report) wentOn() Item {
	switch l := r.Later; {
	case l == nil && r.Success == 0:
		return Item{}
	case l == nil:
		return Item{Level: Note, Text: say("Later events of produced edits are not recorded. To record them, add event types such as %s to the function's RECORD_EVENTS.",
			"没有记录成片的后续处理。如需记录，请在函数的 RECORD_EVENTS 中加入 %s 等事件。", "TranscodeComplete, AIMediaAuditComplete")}
	case l.Failed+l.Blocked > 0:
		return Item{Level: Bad, Link: "later", Text: say("%s succeeded but cannot be watched.", "%s合成成功但无法播放。", edits(l.Failed+l.Blocked))}
	default:
		return Item{}
	}
}

func (r Report) rejected() Item {
	if r.RejectedAll == 0 {
		return Item{}
	}
	return Item{Level: Warn, Link: "rejected", Text: say("%s: they contain no valid event.", "%s：其中没有可读的事件。",
		Text{"Rejected deliveries, " + number(r.RejectedAll), number(r.RejectedAll) + " 次投递被拒绝"})}
}

func (r Report) worst() Item {
	b := r.Chart.Worst()
	if b == nil {
		return Item{}
	}
	return Item{Level: Warn, Link: "over-time", Text: say("One %s has unusually many failures: %s, when %s of %s failed.", "有一%s明显异常：%s，%[4]s中有 %[3]s 次失败。",
		r.Chart.Unit(), b.Label(), number(b.Fail), edits(b.Total()))}
}

func (r Report) afterEnd() Item {
	if r.Future == 0 {
		return Item{}
	}
	return Item{Level: Note, Text: say("%s ended after the time range, by their own clock. They are counted, but the chart does not show them.",
		"%s的结束时间晚于该时间段（按其自身时钟）。已计入总数，但不在图中。", edits(r.Future))}
}

// Short returns a code, shortened for a sentence or a menu.
func (r Report) Short(code string) string {
	const most = 40
	text := []rune(r.Show(code))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// Show returns a text of an event in the form in which the page shows it.
func (r Report) Show(text string) string {
	if r.View.Printable == nil {
		return text
	}
	return r.View.Printable(text)
}

// ListCommand returns the command that lists all failures of the time range.
func (r Report) ListCommand() string {
	return r.View.Command("list", "--since", r.Since.UTC().Format(time.RFC3339), "--until", r.Until.UTC().Format(time.RFC3339), "--status", "fail")
}

// RejectedCommand returns the command that lists all rejected deliveries of the time range.
func (r Report) RejectedCommand() string {
	return r.View.Command("list", "--rejected", "--since", r.Since.UTC().Format(time.RFC3339), "--until", r.Until.UTC().Format(time.RFC3339))
}

// ReconcileCommand returns the command that records the edits without a callback.
func (r Report) ReconcileCommand() string {
	words := []string{"reconcile", "--to", r.Source}
	if r.View.vod {
		words = append(words, "--producer", "vod")
	}
	return r.View.Command(words...)
}

// ReplayCommand returns the command that shows which rejected deliveries the current parser accepts.
func (r Report) ReplayCommand() string {
	return r.View.Command("replay", "--rejected", "--to", r.Source, "--dry-run")
}
