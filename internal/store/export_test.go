package store

// WithLimit returns s with another limit than MaxObject, which is too large for a test.
func WithLimit(s Store, limit int64) Store {
	switch s := s.(type) {
	case *ossStore:
		s.limit = limit
	case dirStore:
		return dirStore{s.dir, limit}
	}
	return s
}
