//go:build !linux

package record

// writeNew makes path with body in it; it fails with fs.ErrExist where path exists.
func writeNew(dir, path string, body []byte) error { return writeTemp(dir, path, body) }
