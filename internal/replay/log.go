package replay

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/vod-callback/recorder/internal/jsonx"
)

// maxLine is the longest line that is read, in bytes. The largest payload that the platform allows
// makes a shorter one, twice quoted too.
const maxLine = 256 << 20

// Log yields what the log in r holds that is not recorded, one Item for each line; with outcomes also
// what the function recorded in the log itself. name is what r is called in words.
//
// A log is lines as the function writes them, lines of JSON whose message holds such a line (an SLS
// export), a JSON array of such objects, or CSV with a column called message. What else stands in it,
// as the runtime's own lines do, is an Item with nothing in it.
func Log(r io.Reader, name string, outcomes bool) iter.Seq[Item] {
	l := lineReader{outcomes}
	return func(yield func(Item) bool) {
		offsets := &newlines{r: r}
		in := bufio.NewReaderSize(offsets, 64<<10)
		if bom, _ := in.Peek(3); string(bom) == "\uFEFF" {
			offsets.start, _ = in.Discard(len(bom))
		}
		head, _ := in.Peek(in.Size() / 2)
		switch {
		case bytes.HasPrefix(head, []byte("\x1f\x8b")):
			yield(failed(name, 1, errors.New("it is compressed by gzip: unpack it first")))
		case isArray(head):
			readArray(in, offsets, name, l, yield)
		case messageColumn(head) >= 0:
			readCSV(in, name, messageColumn(head), l, yield)
		default:
			readLines(in, name, l, yield)
		}
	}
}

// item makes the Item of a text at a place.
func (l lineReader) item(name string, line int, text []byte) Item {
	it := Item{where: place{name, line}}
	for _, f := range l.read(text) {
		if f.err != nil {
			it.errs = append(it.errs, f.err)
		} else {
			it.entries = append(it.entries, f.entry)
		}
	}
	if len(it.errs)+len(it.entries) == 0 && speaksOfUnrecorded(text) {
		it.errs = append(it.errs, errors.New("it holds an unrecorded line in a form that is not known: "+
			"want the line itself, or JSON whose message holds it"))
	}
	return it
}

// speaksOfUnrecorded says whether text, in which nothing was found, seems to hold a line that should have
// been. Passing over it would tell an operator with an unusual export that all is done.
func speaksOfUnrecorded(text []byte) bool {
	return bytes.Contains(text, []byte(`"msg":"unrecorded"`)) || bytes.Contains(text, []byte(`\"msg\":\"unrecorded\"`))
}

// failed is the Item of a text that cannot be read.
func failed(name string, line int, err error) Item {
	return Item{where: place{name, line}, errs: []error{err}}
}

func readLines(in *bufio.Reader, name string, l lineReader, yield func(Item) bool) {
	var buf []byte
	for n := 1; ; n++ {
		line, err := readLine(in, buf[:0])
		buf = line
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return
		case errors.Is(err, errTooLong):
			if !yield(failed(name, n, err)) {
				return
			}
		case err != nil && !errors.Is(err, io.EOF):
			yield(failed(name, n, err))
			return
		default:
			if !yield(l.item(name, n, bytes.TrimSpace(line))) {
				return
			}
		}
	}
}

var errTooLong = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

// readLine appends the next line to buf. Of one that is too long it keeps the beginning.
func readLine(in *bufio.Reader, buf []byte) ([]byte, error) {
	for tooLong := false; ; {
		part, err := in.ReadSlice('\n')
		if tooLong = tooLong || len(buf)+len(part) > maxLine; !tooLong {
			buf = append(buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case tooLong:
			return buf[:0], errTooLong
		default:
			return buf, err
		}
	}
}

// isArray says whether head begins an array of objects. "[INFO] …" begins none.
func isArray(head []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeftFunc(head, unicode.IsSpace), []byte("["))
	rest = bytes.TrimLeftFunc(rest, unicode.IsSpace)
	return ok && len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

// readArray reads a JSON array.
func readArray(in io.Reader, offsets *newlines, name string, l lineReader, yield func(Item) bool) {
	dec := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		yield(failed(name, 1, err))
		return
	}
	for dec.PeekKind() == '{' {
		v, err := dec.ReadValue()
		if err != nil {
			yield(failed(name, offsets.line(dec.InputOffset()), err))
			return
		}
		if !yield(l.item(name, offsets.line(dec.InputOffset()-int64(len(v))), v)) {
			return
		}
	}
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != ']' {
		yield(failed(name, offsets.line(dec.InputOffset()), errors.New("the JSON array is cut short or garbled")))
	}
}

// newlines remembers where in r the lines end.
type newlines struct {
	r     io.Reader
	start int // how many bytes come before those that offsets count
	read  int64
	ends  []int64
}

// Read implements io.Reader.
func (n *newlines) Read(p []byte) (int, error) {
	got, err := n.r.Read(p)
	for i, c := range p[:got] {
		if c == '\n' {
			n.ends = append(n.ends, n.read+int64(i))
		}
	}
	n.read += int64(got)
	return got, err
}

// line returns the number of the line in which the byte at offset stands.
func (n *newlines) line(offset int64) int {
	offset += int64(n.start)
	return 1 + sort.Search(len(n.ends), func(i int) bool { return n.ends[i] >= offset })
}

// messageColumn returns which column of CSV with the header line head is called message, or -1.
func messageColumn(head []byte) int {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if jsonx.Kind(line) == '{' {
		return -1
	}
	header, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		return -1
	}
	return slices.IndexFunc(header, func(s string) bool { return strings.TrimSpace(s) == "message" })
}

func readCSV(in io.Reader, name string, column int, l lineReader, yield func(Item) bool) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for first := true; ; first = false {
		fields, err := r.Read()
		parseErr, isParse := errors.AsType[*csv.ParseError](err)
		switch {
		case errors.Is(err, io.EOF):
			return
		case isParse:
			if !yield(failed(name, parseErr.StartLine, parseErr.Err)) {
				return
			}
		case err != nil:
			yield(failed(name, 0, err))
			return
		case first:
		case column >= len(fields):
			line, _ := r.FieldPos(0)
			if !yield(failed(name, line, errors.New("the row has no message"))) {
				return
			}
		default:
			line, _ := r.FieldPos(column)
			// As the message of an export, so that a field of several lines is read as such.
			quoted, _ := jsontext.AppendQuote([]byte(`{"message":`), fields[column])
			if !yield(l.item(name, line, append(quoted, '}'))) {
				return
			}
		}
	}
}

// A place is a line of a file.
type place struct {
	name string
	line int
}

// String returns name:line.
func (p place) String() string {
	if p.line == 0 {
		return p.name
	}
	return fmt.Sprintf("%s:%d", p.name, p.line)
}
