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
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// maxLine is the maximum length of a line, in bytes. The line of the largest payload is shorter, even if it is quoted
// twice.
const maxLine = 256 << 20

// Log yields the unrecorded entries of the log in r, one Item for each line. If outcomes is set, it also yields the
// records in "outcome" lines. name is the name of r in messages.
//
// A log has lines as the function writes them, lines of JSON whose message is such a line (an SLS export), a JSON
// array of such objects, or CSV with a column called message. Any other line, such as those of the runtime, is an
// Item without entries. A log without any line of the function is an error, because it is probably the wrong file.
func Log(r io.Reader, name string, outcomes bool) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		l := &logReader{name: name, outcomes: outcomes, empty: true, yield: yield}
		in := bufio.NewReaderSize(r, 64<<10)
		if bom, _ := in.Peek(3); string(bom) == "\uFEFF" {
			_, _ = in.Discard(len(bom)) // Peek has already read it
		}
		head, _ := in.Peek(in.Size() / 2)
		read := l.readLines
		switch {
		case bytes.HasPrefix(head, []byte("\x1f\x8b")):
			l.fail(place{name: name}, errors.New("the file is compressed with gzip: decompress it first"))
			return
		case isArray(head):
			read = l.readArray
		case messageColumn(head) >= 0:
			read = l.readCSV
		}
		if read(in) && !l.ours && !l.empty {
			l.fail(place{name: name}, errors.New("there is no line of the function's log in it: want the log itself, "+
				`or an export of it with the lines in the member or column "message"`))
		}
	}
}

// A logReader reads one log.
type logReader struct {
	name     string
	outcomes bool // also read "outcome" lines
	yield    func(Item) bool

	empty bool // only blank lines so far
	ours  bool // there was a line of the function's log
}

// take yields the Item for a place. Like every method that yields, it reports whether to continue.
func (l *logReader) take(at place, all []found) bool {
	it := Item{where: at}
	for _, f := range all {
		if f.err != nil {
			it.errs = append(it.errs, f.err)
		} else {
			it.entries = append(it.entries, f.entry)
		}
	}
	return l.yield(it)
}

// fail yields the Item for a text that cannot be read.
func (l *logReader) fail(at place, err error) bool {
	return l.yield(Item{where: at, errs: []error{err}})
}

func (l *logReader) readLines(in *bufio.Reader) bool {
	var buf []byte
	for n := 1; ; n++ {
		line, err := readLine(in, buf[:0])
		buf = line
		at := place{name: l.name, line: n}
		var goOn bool
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return true
		case errors.Is(err, errTooLong):
			goOn = l.fail(at, err)
		case err != nil && !errors.Is(err, io.EOF):
			l.fail(at, err)
			return false
		default:
			goOn = l.take(at, l.read(line, false))
		}
		if !goOn {
			return false
		}
	}
}

var errTooLong = fmt.Errorf("the line is longer than %d MiB", maxLine>>20)

// readLine appends the next line to buf. It discards a line that is too long.
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

// isArray reports whether head is the beginning of an array of objects, unlike "[INFO] …".
func isArray(head []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimLeftFunc(head, unicode.IsSpace), []byte("["))
	rest = bytes.TrimLeftFunc(rest, unicode.IsSpace)
	return ok && len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

func (l *logReader) readArray(in *bufio.Reader) bool {
	dec := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		l.fail(place{name: l.name}, err)
		return false
	}
	for n := 1; ; n++ {
		at := place{name: l.name, element: n}
		if kind := dec.PeekKind(); kind == ']' {
			return true
		}
		v, err := dec.ReadValue()
		if err != nil {
			l.fail(at, fmt.Errorf("the JSON array is truncated or damaged: %w", err))
			return false
		}
		if !l.take(at, l.read(v, false)) {
			return false
		}
	}
}

// messageColumn returns the index of the CSV column called message, or -1. head is the header line.
func messageColumn(head []byte) int {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return -1
	}
	header, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		return -1
	}
	return slices.IndexFunc(header, func(s string) bool { return strings.TrimSpace(s) == "message" })
}

func (l *logReader) readCSV(in *bufio.Reader) bool {
	head, _ := in.Peek(in.Size() / 2)
	column := messageColumn(head)
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for first := true; ; first = false {
		fields, err := r.Read()
		parseErr, isParse := errors.AsType[*csv.ParseError](err)
		goOn := true
		switch {
		case errors.Is(err, io.EOF):
			return true
		case isParse:
			goOn = l.fail(place{name: l.name, line: parseErr.StartLine}, parseErr.Err)
		case err != nil:
			l.fail(place{name: l.name}, err)
			return false
		case first:
		case column >= len(fields):
			line, _ := r.FieldPos(0)
			goOn = l.fail(place{name: l.name, line: line}, errors.New("the row has no message"))
		default:
			line, _ := r.FieldPos(column)
			goOn = l.take(place{name: l.name, line: line}, l.readMessage(fields[column]))
		}
		if !goOn {
			return false
		}
	}
}

// A place is a line of a file, or an element of the array in it.
type place struct {
	name          string
	line, element int // from 1; 0 means none
}

// String returns NAME:LINE, or NAME and the element.
func (p place) String() string {
	switch {
	case p.line > 0:
		return fmt.Sprintf("%s:%d", p.name, p.line)
	case p.element > 0:
		return fmt.Sprintf("%s: element %d", p.name, p.element)
	default:
		return p.name
	}
}
