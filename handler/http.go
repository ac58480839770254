package handler

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/trigger"
)

// maxBody is the maximum size of a decoded callback body, in bytes. A real body has less than 1 KiB.
const maxBody = 256 << 10

// answerHTTP handles a callback. It stores nothing before the callback is authenticated.
func (h *Handler) answerHTTP(ctx context.Context, inv invocation, r *trigger.Request) httpAnswer {
	if r.Method != http.MethodPost {
		h.refuse(inv, r, "the method is "+cmp.Or(funclog.Cut(r.Method, textLimit), "missing")+", not POST")
		return methodNotAllowed
	}
	body, bodyErr := r.Body(maxBody)
	if errors.Is(bodyErr, trigger.ErrBodyTooLarge) {
		h.refuse(inv, r, "the body is larger than 262144 bytes")
		return bodyTooLarge
	}
	if !h.authenticate(inv, r) {
		return unauthorized
	}
	m := trigger.Message{Trigger: trigger.HTTP, Body: body, Sent: body}
	if bodyErr != nil {
		m.Reason = bodyErr.Error()
	}
	return answerTo(h.handleMessage(ctx, inv, m))
}

// authenticate reports whether r comes from a configured sender. If it does not, authenticate logs the reason.
func (h *Handler) authenticate(inv invocation, r *trigger.Request) bool {
	if r.Repeated != "" {
		h.refuse(inv, r, "the trigger event has a member more than once: "+r.Repeated)
		return false
	}
	if !h.Authenticate {
		return true
	}
	urls := h.CallbackURLs
	if len(urls) == 0 {
		urls = r.URLs()
	}
	err := h.Verifier.Verify(r, urls, h.Now())
	switch {
	case errors.Is(err, callback.ErrMismatch):
		// A wrong URL is the most likely configuration error, so log the URLs that were tried.
		urls = slices.Clone(urls)
		for i, url := range urls {
			urls[i] = funclog.Cut(url, textLimit)
		}
		h.refuse(inv, r, err.Error(), slog.Any("urls", urls))
	case err != nil:
		h.refuse(inv, r, err.Error())
	}
	return err == nil
}

func (h *Handler) refuse(inv invocation, r *trigger.Request, reason string, attrs ...slog.Attr) {
	attrs = append([]slog.Attr{slog.String("reason", reason), slog.String("method", funclog.Cut(r.Method, textLimit))}, attrs...)
	h.Log.Say(slog.LevelWarn, funclog.Refused, inv.requestID, attrs...)
}

// textLimit is the maximum length of an unauthenticated text in the log, in bytes. The senders allow callback
// URLs of at most 256 bytes.
const textLimit = 512
