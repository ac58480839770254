package soak

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
)

// secrets generates all secrets of a run and finds them in texts. It is safe for concurrent use.
type secrets struct {
	marker  string   // part of every secret
	needles [][]byte // the marker, plain and in the three ways that Base64 can spell it

	mu         sync.RWMutex
	made       int
	signatures map[string]bool // in hex
	leaks      map[string]int  // by where and what
}

func newSecrets(seed uint64) *secrets {
	s := &secrets{marker: fmt.Sprintf("Sk%014x", seed*0x9e3779b97f4a7c15>>8), signatures: map[string]bool{}, leaks: map[string]int{}}
	s.needles = [][]byte{[]byte(s.marker), []byte("OSS4-HMAC-SHA256"), []byte("x-oss-signature")}
	for shift := range 3 {
		// The characters at the ends depend on the neighbours too.
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + s.marker))
		s.needles = append(s.needles, []byte(text[(shift*8+5)/6:len(s.marker)*8/6]))
	}
	return s
}

// next makes a secret, such as "Sk0123456789abcdKey7".
func (s *secrets) next(what string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return fmt.Sprintf("%s%s%d", s.marker, what, s.made)
}

// addSignature makes the signature at the end of a header's value a secret.
func (s *secrets) addSignature(value string) {
	hex := value[strings.LastIndexByte(value, '=')+1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signatures[hex] = true
}

// scan looks for secrets in text.
func (s *secrets) scan(where string, text []byte) {
	for _, needle := range s.needles {
		if bytes.Contains(text, needle) {
			s.leak(where, string(needle))
		}
	}
	for i := 0; i < len(text); i++ {
		start := i
		for i < len(text) && isHex(text[i]) {
			i++
		}
		if n := i - start; n == 32 || n == 64 {
			s.mu.RLock()
			leaked := s.signatures[string(bytes.ToLower(text[start:i]))]
			s.mu.RUnlock()
			if leaked {
				s.leak(where, "a signature")
			}
		}
	}
}

func (s *secrets) leak(where, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaks[where+": "+what]++
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
