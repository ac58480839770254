// Package testdata has the published samples of events, one file for each type, and deliveries of
// ProduceMediaComplete in every form in which Function Compute hands them over. Tests read them, and so does
// vodctl where it makes events.
//
// The samples are those of the pages "Events" (ApsaraVideo VOD) and "Event list" (IMS), with made-up digits for
// the asterisks in numbers. AIVideoTagComplete, SubmitMediaRefreshComplete and WorkflowTaskComplete have no
// published sample; their files follow the tables of fields. Files with -ims in their names have the form of IMS
// where VOD publishes the type too. timer.json is what starts cmd/reconcile.
package testdata

import "embed"

// Files are the samples by the names of their files.
//
//go:embed *.json
var Files embed.FS
