package handler

import (
	"context"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// An invocation is what is known of the call besides its payload. This file alone knows how the runtime
// passes it.
type invocation struct {
	requestID  string
	accountID  string
	region     string
	receivedAt time.Time
	recorder   record.Invocation
}

// newInvocation reads the runtime's context once: reading it writes to it.
func (h *Handler) newInvocation(ctx context.Context) invocation {
	fc, ok := fccontext.FromContext(ctx)
	if !ok {
		fc = &fccontext.FcContext{}
	}
	return invocation{
		requestID:  fc.RequestID,
		accountID:  orEnv(fc.AccountId, "FC_ACCOUNT_ID"),
		region:     orEnv(fc.Region, "FC_REGION"),
		receivedAt: h.Now(),
		recorder: record.Invocation{
			Region: fc.Region,
			Credentials: record.Credentials{
				AccessKeyID:     fc.Credentials.AccessKeyId,
				AccessKeySecret: fc.Credentials.AccessKeySecret,
				SecurityToken:   fc.Credentials.SecurityToken,
			},
		},
	}
}

// orEnv returns value or, where it is empty, what the environment says.
func orEnv(value, name string) string {
	if value != "" {
		return value
	}
	return os.Getenv(name)
}

// facts are what a record says of the delivery.
func (inv invocation) facts(kind trigger.Kind, messageID string) outcome.Facts {
	return outcome.Facts{
		Trigger:    string(kind),
		MessageID:  messageID,
		RequestID:  inv.requestID,
		AccountID:  inv.accountID,
		Region:     inv.region,
		ReceivedAt: inv.receivedAt,
	}
}
