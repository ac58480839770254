package preflight

import (
	"slices"
	"strings"

	"github.com/vod-callback/recorder/events"
	"github.com/vod-callback/recorder/internal/deploy/spelling"
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
func (f Function) checkEvents(v *verdict, types events.Selection) {
	for _, t := range types {
		if t != events.AllTypes && !slices.Contains(published(), t) {
			v.note("RECORD_EVENTS names %s, which is not an event type that VOD or IMS publishes%s", t, spelling.DidYouMean(t, published()))
		}
	}
	if list := strings.Join(types, ","); list != f.RecordEvents {
		v.note("RECORD_EVENTS is %s: give the stack RecordEvents=%[1]s, or set the same list at the sender", list)
	}
}
