package handler

import (
	"cmp"
	"context"
	"os"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/vod-callback/recorder/internal/outcome"
	"github.com/vod-callback/recorder/internal/record"
	"github.com/vod-callback/recorder/internal/trigger"
)

// An invocation is what is known of the call besides its payload. This file alone knows how the runtime
// passes it.
type invocation struct {
	requestID string
	common    outcome.Facts // without what each message has of its own
	recorder  record.Invocation
}

// newInvocation reads the runtime's context once: reading it writes to it.
func (h *Handler) newInvocation(ctx context.Context) invocation {
	fc, ok := fccontext.FromContext(ctx)
	if !ok {
		fc = &fccontext.FcContext{}
	}
	return invocation{
		requestID: fc.RequestID,
		common: outcome.Facts{
			RequestID:  fc.RequestID,
			AccountID:  cmp.Or(fc.AccountId, os.Getenv("FC_ACCOUNT_ID")),
			Region:     cmp.Or(fc.Region, os.Getenv("FC_REGION")),
			ReceivedAt: h.Now().UTC().Format(outcome.TimeFormat),
		},
		recorder: record.Invocation{Region: fc.Region, Credentials: record.Credentials{
			AccessKeyID:     fc.Credentials.AccessKeyId,
			AccessKeySecret: fc.Credentials.AccessKeySecret,
			SecurityToken:   fc.Credentials.SecurityToken,
		}},
	}
}

// facts are what a record says of the delivery of one message.
func (inv invocation) facts(kind trigger.Kind, messageID string) outcome.Facts {
	facts := inv.common
	facts.Trigger, facts.MessageID = string(kind), messageID
	return facts
}
