//go:build !linux

package record

// writeNew creates path with the content body. It fails with fs.ErrExist if path exists.
func writeNew(dir, path string, body []byte) error { return writeTemp(dir, path, body) }
