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

// An invocation holds the facts about an invocation other than its payload. Only this file depends on how the
// runtime passes them.
type invocation struct {
	requestID string
	common    outcome.Facts // without the facts of each message
	recorder  record.Invocation
}

// newInvocation reads the runtime's context. Call it once, because fccontext.FromContext writes to the context.
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

// facts returns the facts about the delivery of one message, for its record.
func (inv invocation) facts(kind trigger.Kind, messageID string) outcome.Facts {
	facts := inv.common
	facts.Trigger, facts.MessageID = string(kind), messageID
	return facts
}
