package handler

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/vod-callback/recorder/internal/callback"
	"github.com/vod-callback/recorder/internal/funclog"
	"github.com/vod-callback/recorder/internal/trigger"
)

// maxBody is the largest callback body that is read, decoded, in bytes. A real one has under 1 KiB.
const maxBody = 256 << 10

// answerHTTP handles a callback. Until it is known to be authentic nothing of it is stored.
func (h *Handler) answerHTTP(ctx context.Context, inv invocation, r *trigger.Request) httpAnswer {
	if r.Method != http.MethodPost {
		h.refuse(inv, r, "the method is "+cmp.Or(funclog.Cut(r.Method, methodLimit), "missing")+", not POST")
		return methodNotAllowed
	}
	body, bodyErr := r.Body(maxBody)
	if errors.Is(bodyErr, trigger.ErrBodyTooLarge) {
		h.refuse(inv, r, "the body is larger than 262144 bytes")
		return bodyTooLarge
	}
	if err := h.authenticate(inv, r); err != nil {
		return unauthorized
	}
	m := trigger.Message{Trigger: trigger.HTTP, Body: body, Sent: body}
	if bodyErr != nil {
		m.Reason = bodyErr.Error()
	}
	return answerTo(h.handleMessage(ctx, inv, m))
}

// authenticate refuses, with a line in the log that says why, whatever is not proven to come from a
// configured sender.
func (h *Handler) authenticate(inv invocation, r *trigger.Request) error {
	if r.Repeated != "" {
		err := errors.New("the trigger event has a member more than once: " + r.Repeated)
		h.refuse(inv, r, err.Error())
		return err
	}
	if !h.Authenticate {
		return nil
	}
	urls := h.CallbackURLs
	if len(urls) == 0 {
		urls = r.URLs()
	}
	err := h.Verifier.Verify(r, urls, h.Now())
	switch {
	case errors.Is(err, callback.ErrMismatch):
		// A wrong URL is the likeliest mistake in setting up: say which ones were tried.
		h.refuse(inv, r, err.Error(), slog.Any("urls", shortURLs(urls)))
	case err != nil:
		h.refuse(inv, r, err.Error())
	}
	return err
}

func (h *Handler) refuse(inv invocation, r *trigger.Request, reason string, attrs ...slog.Attr) {
	attrs = append([]slog.Attr{slog.String("reason", reason), slog.String("method", funclog.Cut(r.Method, methodLimit))}, attrs...)
	h.Log.Say(slog.LevelWarn, funclog.Refused, inv.requestID, attrs...)
}

// How much of a stranger's text the log repeats, in bytes. A callback URL has at most 256 at the senders.
const (
	methodLimit    = 32
	urlLimit       = 512
	eventTypeLimit = 128
)

func shortURLs(urls []string) []string {
	short := make([]string, len(urls))
	for i, url := range urls {
		short[i] = funclog.Cut(url, urlLimit)
	}
	return short
}
