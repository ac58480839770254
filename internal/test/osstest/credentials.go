package osstest

import (
	"sync"
	"time"
)

// Credentials are what a client signs with: an AccessKey pair, of a user, or a temporary one with a
// security token, as a function's role has.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string    // of temporary credentials; "" otherwise
	Expires         time.Time // from then on they give SecurityTokenExpired; zero is never
}

// SetCredentials replaces all credentials. Without arguments nobody may access the server.
func (s *Server) SetCredentials(all ...Credentials) { s.credentials.set(true, all) }

// AddCredentials adds credentials to those that are known. Credentials of the same AccessKey ID are
// replaced.
func (s *Server) AddCredentials(more ...Credentials) { s.credentials.set(false, more) }

// ExpireCredentials makes credentials expire now: requests get 403 SecurityTokenExpired. An unknown
// AccessKey ID is ignored.
func (s *Server) ExpireCredentials(accessKeyID string) {
	s.credentials.mu.Lock()
	defer s.credentials.mu.Unlock()
	if c, ok := s.credentials.known[accessKeyID]; ok {
		c.Expires = s.now()
		s.credentials.known[accessKeyID] = c
	}
}

// RemoveCredentials forgets credentials: requests get 403 InvalidAccessKeyId. An unknown AccessKey ID
// is ignored.
func (s *Server) RemoveCredentials(accessKeyID string) {
	s.credentials.mu.Lock()
	defer s.credentials.mu.Unlock()
	delete(s.credentials.known, accessKeyID)
}

// credentials are those the server knows, by AccessKey ID.
type credentials struct {
	mu    sync.RWMutex
	known map[string]Credentials
}

func (cs *credentials) set(clear bool, add []Credentials) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if clear || cs.known == nil {
		cs.known = map[string]Credentials{}
	}
	for _, c := range add {
		cs.known[c.AccessKeyID] = c
	}
}

// check returns the secret that belongs to an AccessKey ID and a token.
func (cs *credentials) check(accessKeyID, token string, now time.Time) (secret string, err error) {
	cs.mu.RLock()
	c, ok := cs.known[accessKeyID]
	cs.mu.RUnlock()
	switch {
	case !ok:
		return "", errUnknownAccessKey.with("OSSAccessKeyId", accessKeyID)
	case c.SecurityToken != "" && token == "":
		// Without its token, a temporary AccessKey ID is not one that OSS has on record.
		return "", errTokenMissing.with("OSSAccessKeyId", accessKeyID)
	case c.SecurityToken != token:
		return "", errTokenInvalid.with("SecurityToken", token)
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return "", errTokenExpired.with("SecurityToken", token)
	}
	return c.AccessKeySecret, nil
}
