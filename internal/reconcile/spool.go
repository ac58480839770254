package reconcile

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
)

// A spool keeps pages of lines compressed in memory. Only few of the lines are read again, so compression saves
// memory at a low cost.
type spool struct {
	pages  [][]byte
	buffer bytes.Buffer
	writer *flate.Writer
}

// add adds a page. The lines must not contain line feeds.
func (s *spool) add(lines [][]byte) error {
	s.buffer.Reset()
	if s.writer == nil {
		s.writer, _ = flate.NewWriter(nil, flate.DefaultCompression) // the level is valid
	}
	s.writer.Reset(&s.buffer)
	_, err := s.writer.Write(bytes.Join(lines, []byte{'\n'}))
	if err := errors.Join(err, s.writer.Close()); err != nil {
		return err
	}
	s.pages = append(s.pages, bytes.Clone(s.buffer.Bytes()))
	return nil
}

// drop frees a page.
func (s *spool) drop(i int) { s.pages[i] = nil }

// page returns the lines of a page.
func (s *spool) page(i int) ([][]byte, error) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(s.pages[i])))
	if err != nil {
		return nil, err
	}
	return bytes.Split(text, []byte{'\n'}), nil
}
