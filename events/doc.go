// Package events reads the events that ApsaraVideo VOD and Intelligent Media Services (IMS, API name ICE)
// send to a callback URL or a queue.
//
// VOD sends the members of an event at the top level ([VOD events]). IMS sends them inside MessageBody
// ([IMS events]). Parse reads both forms. It reads ProduceMediaComplete, the event that an edit has ended,
// strictly: every error names the invalid member, what was found and what is accepted. It reads all other
// types by the members that they have in common.
//
// testdata contains a published sample of each type, <Type>.json, and deliveries of ProduceMediaComplete in
// every form that Function Compute uses.
//
// [VOD events]: https://www.alibabacloud.com/help/en/vod/user-guide/events/
// [IMS events]: https://www.alibabacloud.com/help/en/ims/user-guide/event-list-2
package events
