// Package events reads the events that Alibaba Cloud sends when a media production job has ended.
//
// The event is called ProduceMediaComplete and has two published forms. ApsaraVideo VOD sends its
// members flat ([VOD: Video composition complete]); Intelligent Media Services (IMS, API name ICE) sends
// the same facts inside MessageBody ([IMS: Event list]). Parse reads both, strictly: what it returns
// without an error can be relied on, and every error names the member that is at fault, what was found
// there and what is accepted.
//
// testdata holds the published samples of both producers, and deliveries of them in every form in
// which Function Compute hands them over.
//
// [VOD: Video composition complete]: https://www.alibabacloud.com/help/en/vod/developer-reference/producemediacomplete
// [IMS: Event list]: https://www.alibabacloud.com/help/en/ims/developer-reference/event-list
package events
