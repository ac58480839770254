package preflight

import (
	"slices"
	"strings"

	"github.com/vod-callback/recorder/internal/deploy/spelling"
)

// recordEvents is the variable that names the types of events to record, and defaultEvents its default.
const (
	recordEvents  = "RECORD_EVENTS"
	defaultEvents = "ProduceMediaComplete"
)

// publishedTypes are the types of events that VOD and IMS publish.
var publishedTypes = []string{
	// VOD
	"AIMediaAuditComplete", "AIMediaDNAComplete", "AIVideoTagComplete", "AddLiveRecordVideoComplete", "AttachedMediaUploadComplete",
	"CreateAuditComplete", "DeleteMediaComplete", "DynamicImageComplete", "FileUploadComplete", "ImageUploadComplete",
	"LiveRecordVideoComposeStart", "MediaBaseChangeComplete", "ProduceMediaComplete", "RestoreMediaComplete", "SnapshotComplete",
	"StreamTranscodeComplete", "SubmitMediaRefreshComplete", "TranscodeComplete", "UpdateMediaStorageClassComplete",
	"UploadByURLComplete", "VideoAnalysisComplete", "WorkflowTaskComplete",
	// IMS
	"AIProduceComplete", "BatchProduceMediaComplete", "LiveRecordFileCreated", "LiveRecordTaskStatus", "LiveSnapshotFileCreated",
	"MediaAiAnalysisComplete", "MediaConvertComplete", "MediaConvertOutputComplete", "MediaConvertOutputGroupComplete",
	"RegisterMediaComplete", "RegisterStreamComplete", "SmartJobComplete", "StreamUploadComplete", "TranscodeParentComplete",
	"UploadStreamByURLComplete",
}

// published returns the types of events that VOD and IMS publish.
func published() []string { return publishedTypes }

// checkEvents looks at the types of events that are recorded. A type that nobody publishes is allowed, since VOD and
// IMS add types; it is more often misspelt.
func (f Function) checkEvents(v *verdict) {
	value, _ := f.Env(recordEvents)
	if value = strings.TrimSpace(value); value == "" {
		value = defaultEvents
	}
	var types []string
	for entry := range strings.SplitSeq(value, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			types = append(types, entry)
		}
	}
	for _, t := range types {
		if t != "*" && !slices.Contains(published(), t) {
			v.note("%s names %s, which is not an event type that VOD or IMS publishes%s", recordEvents, t, spelling.DidYouMean(t, published()))
		}
	}
	if list := strings.Join(types, ","); list != f.RecordEvents {
		v.note("%s is %s: give the stack RecordEvents=%[2]s, or set the same list at the sender", recordEvents, list)
	}
}
