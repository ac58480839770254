// Command plain does what this project's function does for a signed VOD callback, the way that Function
// Compute's Go template would be extended for it: typed events decoded by encoding/json, and a record
// printed as a line of JSON. It authenticates and has a digest, but none of the rest: no strictness, no
// batches, no deadlines.
package main

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

type httpEvent struct {
	RawPath        string            `json:"rawPath"`
	Headers        map[string]string `json:"headers"`
	Body           string            `json:"body"`
	RequestContext struct {
		DomainName string `json:"domainName"`
		HTTP       struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

type produceMediaComplete struct {
	EventTime    time.Time `json:"EventTime"`
	EventType    string    `json:"EventType"`
	Status       string    `json:"Status"`
	MediaID      string    `json:"MediaId"`
	ProjectID    string    `json:"ProjectId"`
	ErrorCode    string    `json:"ErrorCode,omitempty"`
	ErrorMessage string    `json:"ErrorMessage,omitempty"`
}

type response struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

func main() { fc.Start(handle) }

func handle(ctx context.Context, event httpEvent) (response, error) {
	fctx, _ := fccontext.FromContext(ctx)
	if event.RequestContext.HTTP.Method != "POST" {
		return answer(405, "method not allowed"), nil
	}
	url := "https://" + event.RequestContext.DomainName + event.RawPath
	sum := md5.Sum([]byte(url + "|" + event.Headers["X-Vod-Timestamp"] + "|" + os.Getenv("VOD_CALLBACK_KEYS")))
	if !strings.EqualFold(hex.EncodeToString(sum[:]), event.Headers["X-Vod-Signature"]) {
		return answer(401, "unauthorized"), nil
	}
	var e produceMediaComplete
	if err := json.Unmarshal([]byte(event.Body), &e); err != nil {
		return answer(400, err.Error()), nil
	}
	var canonical map[string]any
	if err := json.Unmarshal([]byte(event.Body), &canonical); err != nil {
		return answer(400, err.Error()), nil
	}
	sorted, err := json.Marshal(canonical)
	if err != nil {
		return response{}, err
	}
	record, err := json.Marshal(map[string]any{
		"time": time.Now().UTC(), "level": "INFO", "msg": "outcome", "request_id": fctx.RequestID,
		"outcome": map[string]any{
			"event_type": e.EventType, "event_time": e.EventTime, "status": e.Status, "media_id": e.MediaID, "project_id": e.ProjectID,
			"error_code": e.ErrorCode, "error_message": e.ErrorMessage, "digest": fmt.Sprintf("%x", sha256.Sum256(sorted))[:12],
			"raw": json.RawMessage(event.Body),
		},
	})
	if err != nil {
		return response{}, err
	}
	fmt.Println(string(record))
	return answer(200, "recorded"), nil
}

func answer(status int, result string) response {
	body, _ := json.Marshal(map[string]string{"result": result})
	return response{StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(body)}
}
