package report

import (
	"cmp"
	"maps"
	"slices"
)

// A tally counts how often values occur, in bounded memory. If there are too many different values, it uses the
// algorithm of Misra and Gries: it still finds every value with more than 1/maxTallied of the occurrences, but its
// counts are too low.
type tally map[string]*tallied

type tallied struct {
	example string
	count   int
}

const maxTallied = 64

// add counts a value. example is shown for it.
func (t tally) add(value, example string) {
	if c := t[value]; c != nil {
		c.count++
		return
	}
	if len(t) < maxTallied {
		t[value] = &tallied{example, 1}
		return
	}
	maps.DeleteFunc(t, func(_ string, c *tallied) bool {
		c.count--
		return c.count == 0
	})
}

// top returns up to n of the most frequent values, and whether there are more.
func (t tally) top(n int) (top []tallied, more bool) {
	values := slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		return cmp.Or(cmp.Compare(t[b].count, t[a].count), cmp.Compare(a, b))
	})
	for _, v := range values[:min(n, len(values))] {
		top = append(top, *t[v])
	}
	return top, len(values) > n
}
