package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/internal/local/fclocal"
	"github.com/vod-callback/recorder/internal/local/sample"
)

// maxRequest is FC's limit for the body of a synchronous request, in bytes.
const maxRequest = 32 << 20

func newServe() *cobra.Command {
	var ff functionFlags
	var addr string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the built function behind a local URL",
		Long: `Start the built function behind a local URL: each HTTP request becomes the event
of Function Compute's HTTP trigger, so that a browser, curl, or a tunnel from the
real sender reaches the function. Its log goes to standard error.

Sign for the URL that the request is made to: that is what the function derives,
unless VOD_CALLBACK_URLS says otherwise.`,
		Example: `  vodctl serve --env VOD_CALLBACK_KEYS=Test123 --env RECORD_TO=file:///tmp/outcomes
  vodctl sign --url http://127.0.0.1:9000/ --key Test123 |
    curl -H @- --json @events/testdata/vod-success.json http://127.0.0.1:9000/`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := net.Listen("tcp", addr)
			if err != nil {
				return fmt.Errorf("--addr: %w", err)
			}
			rt, err := ff.start(cmd.ErrOrStderr())
			if err != nil {
				return errors.Join(err, listener.Close())
			}
			defer rt.Close() //nolint:errcheck // the function is killed, there is nothing left to fail
			fmt.Fprintf(cmd.ErrOrStderr(), "Listening on http://%s/ (Ctrl-C to stop)\n", listener.Addr())
			return serve(cmd.Context(), listener, functionURL{rt})
		},
	}
	ff.add(cmd.Flags())
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:9000", "the address to listen on")
	return cmd
}

// serve serves h until ctx ends.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A functionURL turns HTTP requests into events of the HTTP trigger, and the function's answers back.
type functionURL struct{ runtime *fclocal.Runtime }

// ServeHTTP implements http.Handler.
func (f functionURL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	target := &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	resp, err := f.runtime.Invoke(r.Context(), sample.HTTP(r.Method, target, r.Header, body, time.Now()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("X-Fc-Request-Id", resp.RequestID)
	if resp.Failed {
		w.Header().Set("X-Fc-Error-Type", resp.ErrorType)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write(resp.Payload) // a client that has gone needs no answer
		return
	}
	writeAnswer(w, resp.Payload)
}

// httpAnswer is the response object of the HTTP trigger.
type httpAnswer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

func writeAnswer(w http.ResponseWriter, payload []byte) {
	var a httpAnswer
	if err := json.Unmarshal(payload, &a); err != nil || a.StatusCode < 100 || a.StatusCode > 999 {
		http.Error(w, "the function's answer is no HTTP response: "+string(payload), http.StatusBadGateway)
		return
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			http.Error(w, "the function's answer says it is Base64 and is not", http.StatusBadGateway)
			return
		}
		body = decoded
	}
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(body) // a client that has gone needs no answer
}
