package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// columns returns the fields of the index. The fields of the functions' lines begin with message. A field without
// analytics can be searched but not selected.
func columns(s stack) (fields map[string]bool) {
	fields = map[string]bool{}
	for _, index := range s.ofType("ALIYUN::SLS::Index") {
		for _, key := range list(index, "KeyIndices") {
			name := text(key, "Name")
			fields[name] = text(key, "EnableAnalytics") == "true"
			for _, inner := range list(key, "JsonKeyIndices") {
				fields[name+"."+text(inner, "Name")] = text(inner, "EnableAnalytics") == "true"
			}
		}
	}
	return fields
}

// watched checks saved searches, dashboard and alerts against the index and the log.
func (d Deployment) watched(r report) {
	d.observe.types(r)
	for _, s := range d.Services {
		if s.get("logConfig", "enableRequestMetrics") == "false" {
			r.problem("%s has enableRequestMetrics: false: without the lines on invocations, nothing shows those that failed", s.File)
		}
	}
	for name, p := range d.stack.ofType("ALIYUN::SLS::Logstore") {
		if mode := text(p, "Mode"); mode == "query" {
			r.problem("%s of %s has the mode query: only standard has SQL", name, TemplateFile)
		}
	}
	fields := columns(d.stack)
	for name := range fields {
		if ours, ok := strings.CutPrefix(name, "message."); ok && !writes(ours) {
			r.problem("the index of %s has the field %s, which no function logs", TemplateFile, name)
		}
	}
	for name, p := range d.observe.ofType("ALIYUN::SLS::Savedsearch") {
		d.place(r.in(name), at(p, "Project"), at(p, "Detail", "Logstore"))
		query(r.in(name), text(p, "Detail", "SearchQuery"), fields)
	}
	for name, p := range d.observe.ofType("ALIYUN::SLS::Dashboard") {
		for _, chart := range list(p, "Charts") {
			r := r.in(name + "." + text(chart, "title"))
			d.place(r, at(p, "ProjectName"), at(chart, "search", "logstore"))
			selected := query(r, text(chart, "search", "query"), fields)
			for _, axis := range slices.Concat(list(chart, "display", "xAxis"), list(chart, "display", "yAxis")) {
				if !slices.Contains(selected, text(axis)) {
					r.problem("it shows %s, which its query does not select", text(axis))
				}
			}
		}
	}
	watched := map[string]bool{}
	for name, p := range d.observe.ofType("ALIYUN::SLS::Alert") {
		d.alert(r.in(name), at(p, "Detail"), at(p, "Project"), fields, watched)
	}
	for _, msg := range []string{"unrecorded", "refused"} {
		if !watched[msg] {
			r.problem("there is no alert on lines with msg %s, which report a loss", msg)
		}
	}
}

// place checks that a query reads the log of the stack.
func (d Deployment) place(r report, project, logstore any) {
	want, _ := d.stack.attribute("LogProject", "Name")
	got, _ := d.observe.eval(project)
	r.equal("project", got, want, "the log of "+TemplateFile+" is there")
	want, _ = d.stack.attribute("Logstore", "LogstoreName")
	got, _ = d.observe.eval(logstore)
	r.equal("logstore", got, want, "the log of "+TemplateFile+" is there")
}

var (
	variable = regexp.MustCompile(`\$\{(\w+)\}`)
	word     = regexp.MustCompile(`[A-Za-z_]\w*`)
)

// alert checks one alert, and adds the messages that it searches for to watched.
func (d Deployment) alert(r report, detail, project any, fields, watched map[string]bool) {
	config := at(detail, "Configuration")
	var selected []string
	for _, q := range list(config, "QueryList") {
		d.place(r, at(q, "Project"), at(q, "Store"))
		d.place(r, project, at(q, "Store"))
		selected = append(selected, query(r, text(q, "Query"), fields)...)
		for _, m := range searchMsg.FindAllStringSubmatch(text(q, "Query"), -1) {
			watched[m[1]] = true
		}
		start, _ := d.observe.eval(at(q, "Start"))
		span, err := time.ParseDuration(strings.TrimPrefix(start, "-"))
		interval, err2 := time.ParseDuration(text(detail, "Schedule", "Interval"))
		if err != nil || err2 != nil || span <= interval {
			r.problem("it looks back over %s every %s: want a longer time, because a line can be searched only after some seconds",
				start, text(detail, "Schedule", "Interval"))
		}
	}
	for _, severity := range list(config, "SeverityConfigurations") {
		condition, _ := d.observe.eval(at(severity, "EvalCondition", "Condition"))
		for _, name := range word.FindAllString(condition, -1) {
			if !slices.Contains(selected, name) {
				r.problem("its condition is on %s, which its query does not select", name)
			}
		}
		if n := len(condition); n > 128 {
			r.problem("its condition has %d characters; SLS accepts 128", n)
		}
	}
	for _, annotation := range list(config, "Annotations") {
		value, _ := d.observe.eval(at(annotation, "Value"))
		for _, m := range variable.FindAllStringSubmatch(value, -1) {
			if !slices.Contains(selected, m[1]) {
				r.problem("its %s shows %s, which its query does not select", text(annotation, "Key"), m[1])
			}
		}
	}
}

var (
	searchField = regexp.MustCompile(`([A-Za-z_][\w.]*)\s*(?::|>=|<=|>|<|=)`)
	searchMsg   = regexp.MustCompile(`message\.msg: (\w+)`)
	// A token of SQL: a text, a column in quotes, a word (with the parenthesis if it is a function), or a sign.
	sqlToken = regexp.MustCompile(`'[^']*'|"[^"]*"|[A-Za-z_]\w*\s*\(?|[0-9.]+|\S`)
)

// keywords are the words of SQL that are not columns, and __time__, which needs no index.
var keywords = strings.Fields("select as group by order desc asc limit where and or not is null distinct between like in case when then else end having from log __time__")

// query adds a problem for each field of a query that is not in the index or not in the lines that the query finds. It
// returns the names of the selected columns.
func query(r report, q string, fields map[string]bool) (selected []string) {
	search, sql, _ := strings.Cut(q, "|")
	var used []string
	for _, m := range searchField.FindAllStringSubmatch(search, -1) {
		if _, there := fields[m[1]]; !there {
			r.problem("it searches for %s, which the index of %s lacks", m[1], TemplateFile)
		}
		used = append(used, m[1])
	}
	read, selected := sqlColumns(sql)
	for _, column := range read {
		if !slices.Contains(selected, column) && !fields[column] {
			r.problem("it selects %s, which the index of %s lacks, or has without EnableAnalytics", column, TemplateFile)
		}
	}
	var messages []string
	for _, m := range searchMsg.FindAllStringSubmatch(search, -1) {
		messages = append(messages, m[1])
		if Logged[m[1]] == nil {
			r.problem("it searches for message.msg: %s, which no function logs", m[1])
		}
	}
	for _, field := range slices.Concat(used, read) {
		name, ours := strings.CutPrefix(field, "message.")
		has := func(msg string) bool { return slices.Contains(Logged[msg], name) }
		if ours && len(messages) > 0 && !slices.ContainsFunc(messages, has) {
			r.problem("it reads %s in lines with msg %s, which do not have it", field, strings.Join(messages, ", "))
		}
	}
	return selected
}

// sqlColumns returns the columns that a query reads, and the names of the columns that it selects.
func sqlColumns(sql string) (read, selected []string) {
	named := false // after AS
	for _, token := range sqlToken.FindAllString(sql, -1) {
		name := strings.TrimSpace(token)
		first := name[0]
		switch {
		case named:
			selected = append(selected, strings.Trim(name, `"`))
		case first == '"':
			name, _ = strconv.Unquote(name)
			read = append(read, name)
		case first == '\'' || strings.HasSuffix(name, "(") || !word.MatchString(name) || slices.Contains(keywords, strings.ToLower(name)):
		default:
			read = append(read, name)
		}
		named = strings.EqualFold(name, "as")
	}
	return read, selected
}
