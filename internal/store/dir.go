package store

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A dirStore reads a directory that record.FileRecorder wrote.
type dirStore struct {
	dir   string
	limit int64 // the maximum size of an object, in bytes
}

func (s dirStore) Types(context.Context) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var types []string
	for _, e := range entries {
		if e.IsDir() && IsEventRoot(e.Name()) {
			types = append(types, e.Name())
		}
	}
	return types, nil
}

func (s dirStore) Days(_ context.Context, root string) ([]string, error) {
	if _, err := os.Stat(s.dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, root))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var days []string
	for _, e := range entries {
		if day, ok := dayOf(e.Name()); ok && e.IsDir() {
			days = append(days, day)
		}
	}
	return days, nil
}

// Keys walks the directories that can contain keys with the prefix. It skips hidden names, which are unfinished
// files of a recorder.
func (s dirStore) Keys(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		start := filepath.Join(s.dir, filepath.FromSlash(path.Dir(prefix+"x")))
		err := filepath.WalkDir(start, func(file string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // it does not exist, or was deleted meanwhile
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			}
			key, err := s.key(file)
			switch {
			case err != nil:
				return err
			case d.IsDir() && file != start && !strings.HasPrefix(key+"/", prefix) && !strings.HasPrefix(prefix, key+"/"):
				return fs.SkipDir
			case d.IsDir() || strings.HasPrefix(d.Name(), ".") || !strings.HasPrefix(key, prefix):
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if !yield(Object{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Object{}, err)
		}
	}
}

func (s dirStore) key(file string) (string, error) {
	rel, err := filepath.Rel(s.dir, file)
	return filepath.ToSlash(rel), err
}

// Get reads only regular files. Reading a pipe, for example, might never end.
func (s dirStore) Get(_ context.Context, key string) ([]byte, error) {
	name := filepath.Join(s.dir, filepath.FromSlash(key))
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(name) //nolint:gosec // G304: the operator names the store
	if err != nil {
		return nil, err
	}
	data, err := readAll(f, info.Size(), s.limit)
	return data, errors.Join(err, f.Close())
}
