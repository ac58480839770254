// Package sample generates events as VOD and IMS publish them, and wraps them as Function Compute's triggers
// deliver them. It is for trying the function, for tests, and for load.
package sample

import (
	"cmp"
	"crypto/md5" //nolint:gosec // G501: MNS prescribes MD5 for MessageMD5
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vod-callback/recorder/events"
)

// AccountID, Region and the names below replace the user's own values in the envelopes.
const (
	AccountID = "1234567890123456"
	Region    = "cn-shanghai"
	topicName = "produce-media-complete"
	queueName = "ice-callback-produce"
)

// An Event describes a ProduceMediaComplete event to generate. An empty field gets a realistic value: a new ID, the
// current time, or the error of the published sample.
type Event struct {
	Producer     events.Producer // "" is VOD
	Status       events.Status   // "" is Success
	MediaID      string
	ProjectID    string
	JobID        string // IMS only
	Time         time.Time
	ErrorCode    string // on Fail only
	ErrorMessage string // on Fail only
}

// vodEvent has the members of the published VOD samples, in their order.
type vodEvent struct {
	MediaID      string `json:"MediaId"`
	ProjectID    string `json:"ProjectId"`
	Status       string `json:"Status"`
	EventType    string `json:"EventType"`
	EventTime    string `json:"EventTime"`
	ErrorCode    string `json:"ErrorCode,omitempty"`
	ErrorMessage string `json:"ErrorMessage,omitempty"`
}

// imsEvent has the members of the published IMS sample. A success has empty error members.
type imsEvent struct {
	EventType   string  `json:"EventType"`
	UserID      int64   `json:"UserId"`
	EventTime   string  `json:"EventTime"`
	MessageBody imsBody `json:"MessageBody"`
}

type imsBody struct {
	Status       string `json:"Status"`
	MediaURL     string `json:"MediaURL,omitempty"`
	MediaID      string `json:"MediaId"`
	ProjectID    string `json:"ProjectId"`
	ErrorCode    string `json:"ErrorCode"`
	ErrorMessage string `json:"ErrorMessage"`
	JobID        string `json:"JobId"`
	UserData     string `json:"UserData"`
}

// JSON returns the event's text.
func (e Event) JSON() []byte {
	e.Producer = cmp.Or(e.Producer, events.VOD)
	e.Status = cmp.Or(e.Status, events.Success)
	e.MediaID = cmp.Or(e.MediaID, NewID())
	e.ProjectID = cmp.Or(e.ProjectID, NewID())
	e.JobID = cmp.Or(e.JobID, NewID())
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.Status == events.Fail {
		e.ErrorCode = cmp.Or(e.ErrorCode, "InvalidParameter.ResourceContentBad")
		e.ErrorMessage = cmp.Or(e.ErrorMessage, "The resource operated InputFile is bad")
	}
	eventTime := e.Time.UTC().Format("2006-01-02T15:04:05Z")
	if e.Producer == events.VOD {
		return encode(vodEvent{
			e.MediaID, e.ProjectID, string(e.Status), events.TypeProduceMediaComplete, eventTime, e.ErrorCode, e.ErrorMessage,
		})
	}
	body := imsBody{
		Status: "Success", MediaID: e.MediaID, ProjectID: e.ProjectID, JobID: e.JobID,
		ErrorCode: e.ErrorCode, ErrorMessage: e.ErrorMessage,
		MediaURL: "http://example-bucket.oss-" + Region + ".aliyuncs.com/produced/" + url.PathEscape(e.MediaID) + ".mp4",
		UserData: `{"NotifyAddress":"https://www.example.com/your/callback"}`,
	}
	if e.Status == events.Fail {
		body.Status, body.MediaURL = "Fail", ""
	}
	return encode(imsEvent{events.TypeProduceMediaComplete, 1234567890123456, eventTime, body})
}

// NewID returns a new ID in the form of VOD and IMS: 32 hexadecimal digits.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// HTTP returns the FC 3.0 HTTP trigger event for a request to target, an absolute URL. A body that is not text is
// encoded in Base64. Source: FC, "Use an HTTP trigger to invoke a function".
func HTTP(method string, target *url.URL, header http.Header, body []byte, now time.Time) []byte {
	host, _, _ := strings.Cut(target.Host, ".")
	event := map[string]any{
		"version":         "v1",
		"rawPath":         cmp.Or(target.EscapedPath(), "/"),
		"headers":         joined(header),
		"queryParameters": joined(target.Query()),
		"body":            string(body),
		"isBase64Encoded": false,
		"requestContext": map[string]any{
			"accountId":    AccountID,
			"domainName":   target.Host,
			"domainPrefix": host,
			"requestId":    NewID(),
			"time":         now.UTC().Format(time.RFC3339),
			"timeEpoch":    strconv.FormatInt(now.UnixMilli(), 10),
			"http": map[string]any{
				"method":    method,
				"path":      cmp.Or(target.Path, "/"),
				"protocol":  "HTTP/1.1",
				"sourceIp":  "127.0.0.1",
				"userAgent": header.Get("User-Agent"),
			},
		},
	}
	if !utf8.Valid(body) {
		event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	}
	return encode(event)
}

// joined returns each name's values joined by commas, as FC passes headers and query parameters.
func joined(values map[string][]string) map[string]string {
	out := make(map[string]string, len(values))
	for name, v := range values {
		out[name] = strings.Join(v, ",")
	}
	return out
}

// MNSTopic returns a message as the MNS topic trigger delivers it with notifyContentFormat JSON.
func MNSTopic(message []byte, now time.Time) []byte {
	return encode(struct {
		TopicOwner, Message, Subscriber                    string
		PublishTime                                        int64
		SubscriptionName, MessageMD5, TopicName, MessageId string
	}{
		AccountID, string(message), AccountID,
		now.UnixMilli(),
		"vod-callback-recorder", messageMD5(message), topicName, strings.ToUpper(NewID()),
	})
}

func messageMD5(message []byte) string {
	return fmt.Sprintf("%X", md5.Sum(message)) //nolint:gosec // G401: as above
}

// MNSTopicStream returns a message with attributes as the MNS topic trigger delivers it with
// notifyContentFormat STREAM. (A message without attributes is delivered as it is.)
func MNSTopicStream(message []byte) []byte {
	return encode(struct {
		Body  string            `json:"body"`
		Attrs map[string]string `json:"attrs"`
	}{string(message), map[string]string{"Extend": "vodctl"}})
}

// MNSQueue returns a message as EventBridge delivers it from an MNS queue, with eventSchema CloudEvents.
func MNSQueue(message []byte, now time.Time) []byte {
	id := strings.ToUpper(NewID())
	return encode(map[string]any{
		"id":                      id,
		"source":                  "MNS-FUNCTION-TRIGGER",
		"specversion":             "1.0",
		"type":                    "mns:Queue:SendMessage",
		"datacontenttype":         "application/json; charset=utf-8",
		"subject":                 "acs:mns:" + Region + ":" + AccountID + ":queues/" + queueName,
		"time":                    now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"aliyunaccountid":         AccountID,
		"aliyunpublishtime":       now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"aliyunoriginalaccountid": AccountID,
		"aliyuneventbusname":      "MNS-FUNCTION-TRIGGER",
		"aliyunregionid":          Region,
		"data": map[string]any{
			"requestId":   strings.ToUpper(NewID()),
			"messageId":   id,
			"messageBody": string(message),
		},
	})
}

// MNSQueueBatch returns messages as an event stream of EventBridge delivers them: as one array.
func MNSQueueBatch(messages [][]byte, now time.Time) []byte {
	batch := make([]json.RawMessage, len(messages))
	for i, m := range messages {
		batch[i] = MNSQueue(m, now)
	}
	return encode(batch)
}

// encode returns v as JSON on one line, without HTML escapes.
func encode(v any) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and numbers can always be encoded
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}
