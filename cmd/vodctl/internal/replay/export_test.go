package replay

import "github.com/vod-callback/recorder/internal/record"

// Entries are what was found in a line.
func (it Item) Entries() []record.Entry { return it.entries }

// Errors are what of the line could not be read.
func (it Item) Errors() []error { return it.errs }
