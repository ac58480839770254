package replay

import "github.com/vod-callback/recorder/internal/record"

// Entries are what was found in a line.
func (it Item) Entries() []record.Entry { return it.entries }
