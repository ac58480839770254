// Package reconcile finds the edits whose callback never came. It asks a producer which edits ended and
// holds them against the names in a store.
//
// A finding is never due to an answer that is missing: a page that cannot be read, a listing that was cut
// off and a store that cannot be listed are errors, and then there is no result at all.
//
// Edits without a callback are kept below missing/ of the store, in the form of a record. Record writes
// them, and Missing reads them back.
package reconcile
