// Package reconcile finds the edits whose callback never came. It asks a producer which edits ended, and compares
// them with the names in a store.
//
// A missing answer is never a finding: if a page cannot be read, a listing is incomplete, or the store cannot be
// listed, there is an error and no result.
//
// The edits without a callback are kept below missing/ in the store, in the form of a record. Record writes them,
// and Missing reads them.
package reconcile
