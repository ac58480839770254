package sample

import (
	"slices"

	"github.com/vod-callback/recorder/events"
)

// Types returns the published event types of both producers, in alphabetical order. Sources: "Events"
// (ApsaraVideo VOD), "Event list" (IMS).
func Types() []string { return slices.Clone(published) }

var published = []string{
	"AIMediaAuditComplete", "AIMediaDNAComplete", "AIProduceComplete", "AIVideoTagComplete", "AddLiveRecordVideoComplete",
	"AttachedMediaUploadComplete", "BatchProduceMediaComplete", "CreateAuditComplete", "DeleteMediaComplete",
	"DynamicImageComplete", "FileUploadComplete", "ImageUploadComplete", "LiveRecordFileCreated", "LiveRecordTaskStatus",
	"LiveRecordVideoComposeStart", "LiveSnapshotFileCreated", "MediaAiAnalysisComplete", "MediaBaseChangeComplete",
	"MediaConvertComplete", "MediaConvertOutputComplete", "MediaConvertOutputGroupComplete", events.TypeProduceMediaComplete,
	"RegisterMediaComplete", "RegisterStreamComplete", "RestoreMediaComplete", "SmartJobComplete", "SnapshotComplete",
	"StreamTranscodeComplete", "StreamUploadComplete", "SubmitMediaRefreshComplete", "TranscodeComplete",
	"TranscodeParentComplete", "UpdateMediaStorageClassComplete", "UploadByURLComplete", "UploadStreamByURLComplete",
	"VideoAnalysisComplete", "WorkflowTaskComplete",
}
