package jsonx

import (
	"iter"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An Object is the members of one JSON object, in the order in which they stand. The zero Object has
// none. It refers to the data that it was read from, which must not be changed.
type Object struct {
	data []byte
	tape []span
}

// A span says where in the data a member stands, as offsets: 32 bits suffice, since a payload of Function
// Compute has at most 32 MB. On a tape a member is followed by those of the object that is its value, if
// that was read along with it, so that each byte is looked at once.
type span struct {
	name, nameEnd   int32 // with the quotes
	value, valueEnd int32
	within          int32 // how many spans of the value follow
	escaped         bool  // whether the name is spelled with escapes
}

// A Member is one name/value pair of an object. The zero Member has no name and no value.
type Member struct {
	data []byte
	tape []span // its own span, and those within
}

// Name returns the name.
func (m Member) Name() string { return string(m.name()) }

// NameFold says whether the name is name without regard to case.
func (m Member) NameFold(name string) bool {
	text := m.name()
	return len(text) == len(name) && strings.EqualFold(string(text), name)
}

func (m Member) name() []byte {
	if len(m.tape) == 0 {
		return nil
	}
	s := &m.tape[0]
	if s.escaped {
		return Text(m.data[s.name:s.nameEnd])
	}
	return m.data[s.name+1 : s.nameEnd-1]
}

// Value returns the text of the value as spelled.
func (m Member) Value() jsontext.Value {
	if len(m.tape) == 0 {
		return nil
	}
	s := &m.tape[0]
	return m.data[s.value:s.valueEnd:s.valueEnd]
}

// Object returns the value's own members, read as Lenient reads them unless all was read strictly, and
// whether the value is an object.
func (m Member) Object() (Object, bool) {
	if len(m.tape) > 1 {
		return Object{m.data, m.tape[1:]}, true
	}
	o, err := Lenient(m.Value())
	return o, err == nil
}

// All returns the members.
func (o Object) All() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for rest := o.tape; len(rest) > 0; {
			after := 1 + rest[0].within
			if !yield(Member{o.data, rest[:after]}) {
				return
			}
			rest = rest[after:]
		}
	}
}

// Len returns how many members there are.
func (o Object) Len() int {
	n := 0
	for range o.All() {
		n++
	}
	return n
}

// Member returns the member called name, compared exactly, and whether there is one. Of several it is
// the first.
func (o Object) Member(name string) (Member, bool) {
	for m := range o.All() {
		if string(m.name()) == name {
			return m, true
		}
	}
	return Member{}, false
}

// Get returns the value of the member called name, and whether there is one, as Member finds it.
func (o Object) Get(name string) (jsontext.Value, bool) {
	m, ok := o.Member(name)
	return m.Value(), ok
}

// Has says whether there is a member called name.
func (o Object) Has(name string) bool {
	_, ok := o.Member(name)
	return ok
}

// Repeated returns the first of names that o holds more than once, or "".
func (o Object) Repeated(names ...string) string {
	for _, name := range names {
		n := 0
		for m := range o.All() {
			if string(m.name()) == name {
				n++
			}
		}
		if n > 1 {
			return name
		}
	}
	return ""
}
