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
	"strconv"
	"strings"
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
unless VOD_CALLBACK_URLS says otherwise.

With VOD_CALLBACK_AUTH=off the function believes every request. Then one that a
page of another site makes is refused, and so is one that reaches a loopback
address under another name than its own.`,
		Example: `  vodctl serve --env VOD_CALLBACK_KEYS=Test123 --env RECORD_TO=file:///tmp/outcomes
  vodctl sign --url http://127.0.0.1:9000/ --key Test123 |
    curl -H @- --json @events/testdata/vod-success.json http://127.0.0.1:9000/`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := listen(cmd.Context(), "--addr", addr)
			if err != nil {
				return err
			}
			rt, err := ff.start(cmd.ErrOrStderr())
			if err != nil {
				return errors.Join(err, listener.Close())
			}
			defer rt.Close() //nolint:errcheck // the function is killed, there is nothing left to fail
			fmt.Fprintf(cmd.ErrOrStderr(), "Listening on %s (Ctrl-C to stop)\n", urlOf(listener.Addr()))
			var h http.Handler = functionURL{rt}
			if strings.TrimSpace(ff.getenv("VOD_CALLBACK_AUTH")) == "off" {
				h = sameSite(listener.Addr(), h)
			}
			return serve(cmd.Context(), listener, h)
		},
	}
	ff.add(cmd.Flags())
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:9000", "the address to listen on; a port alone is one of 127.0.0.1")
	complete(cmd, "addr", "127.0.0.1:9000")
	return cmd
}

// listen listens on the address that a flag names. A port alone is one of the loopback address, so that nobody
// opens a port to the network unasked.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
		addr = net.JoinHostPort("127.0.0.1", addr)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; want HOST:PORT such as 127.0.0.1:9000, or a PORT (0: a free one)", flag, err)
	}
	return listener, nil
}

// urlOf returns a URL that opens what listens on addr, from this machine.
func urlOf(addr net.Addr) string {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return "http://" + host + "/"
}

// sameSite protects a handler that trusts whoever asks: pages of other sites, which a browser lets send requests,
// and names of others that were made to point here (DNS rebinding), get no further.
func sameSite(addr net.Addr, h http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOwnName(addr, r.Host) {
			http.Error(w, "this address is not served under that name", http.StatusForbidden)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// isOwnName says whether the Host header names the address. Only a loopback address is sure of its names.
func isOwnName(addr net.Addr, host string) bool {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
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
