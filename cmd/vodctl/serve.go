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

// maxRequest is Function Compute's limit for the body of a synchronous invocation, in bytes.
const maxRequest = 32 << 20

func newServe() *cobra.Command {
	var ff functionFlags
	var addr string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the built function behind a local URL",
		Long: `Start the built function behind a local URL. Each HTTP request becomes an event of
Function Compute's HTTP trigger, so a browser, curl, or a tunnel from the real sender
can call the function. The function's log goes to standard error.

Sign a callback for the URL of the request, because the function derives that URL
unless VOD_CALLBACK_URLS is set.

With VOD_CALLBACK_AUTH=off the function accepts every request. serve then refuses
requests that a page of another site makes in a browser, and requests to a loopback
address under a foreign host name.`,
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
			defer rt.Close() //nolint:errcheck // Close kills the function; its error does not matter here
			fmt.Fprintf(cmd.ErrOrStderr(), "Listening on %s (Ctrl-C to stop)\n", urlOf(listener.Addr()))
			var h http.Handler = functionURL{rt}
			if strings.TrimSpace(ff.getenv("VOD_CALLBACK_AUTH")) == "off" {
				h = sameSite(listener.Addr(), h)
			}
			return serve(cmd.Context(), listener, h)
		},
	}
	ff.add(cmd.Flags())
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:9000", "the address to listen on; a port alone means 127.0.0.1:PORT")
	complete(cmd, "addr", "127.0.0.1:9000")
	return cmd
}

// listen listens on the address of a flag. A port alone means the loopback address, so that a port is open to the
// network only if the user asks for it.
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

// urlOf returns a URL with which this machine can reach addr.
func urlOf(addr net.Addr) string {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return "http://" + host + "/"
}

// sameSite protects a handler that does not authenticate requests. It refuses requests that a page of another site
// makes in a browser, and requests under a foreign host name that points to this address (DNS rebinding).
func sameSite(addr net.Addr, h http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOwnName(addr, r.Host) {
			http.Error(w, "unknown host name", http.StatusForbidden)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// isOwnName reports whether the Host header names the address. It checks only loopback addresses, because other
// addresses can have any name.
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
		_, _ = w.Write(resp.Payload) // the client may have disconnected
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
		http.Error(w, "the function's answer is not an HTTP response: "+string(payload), http.StatusBadGateway)
		return
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(a.Body)
		if err != nil {
			http.Error(w, "the body of the function's answer is not valid Base64", http.StatusBadGateway)
			return
		}
		body = decoded
	}
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.StatusCode)
	_, _ = w.Write(body) // the client may have disconnected
}
