// Package events reads the events that ApsaraVideo VOD and Intelligent Media Services (IMS, API name ICE)
// send to a callback URL or a queue.
//
// VOD sends the members of an event flat ([VOD events]). IMS sends the same facts inside MessageBody
// ([IMS events]). Parse reads both. It reads ProduceMediaComplete, which says how an edit ended, strictly:
// every error names the member that is at fault, what was found there and what is accepted. It reads all
// other types by the members that they have in common.
//
// testdata has a published sample of each type, <Type>.json, and deliveries of ProduceMediaComplete in
// every form in which Function Compute hands them over.
//
// [VOD events]: https://www.alibabacloud.com/help/en/vod/user-guide/events/
// [IMS events]: https://www.alibabacloud.com/help/en/ims/user-guide/event-list-2
package events
