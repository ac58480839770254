package main

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vod-callback/recorder/internal/test/osstest"
)

// serveOSS starts a server that plays OSS, with a bucket that has a directory's files below the prefix
// "outcomes", and sets the environment to reach it: oss DIR.
func serveOSS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: oss DIR")
	}
	hung := make(chan struct{}, 100)
	server, err := osstest.Start(osstest.Config{})
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	server.SetCredentials(osstest.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"})
	server.AddBucket("bucket", osstest.BucketOptions{})
	root := ts.MkAbs(args[0])
	ts.Check(server.Seed("bucket", func(yield func(string, []byte) bool) {
		ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			key, err := filepath.Rel(root, path)
			yield("outcomes/"+filepath.ToSlash(key), body)
			return err
		}))
	}))
	server.SetFault(func(r osstest.Request) osstest.Fault {
		if strings.Contains(r.Key, "/hangs/") {
			hung <- struct{}{}
			return osstest.Fault{Break: osstest.Hang}
		}
		return osstest.Fault{}
	})
	hanging.Store(ts.Name(), hung)
	ts.Setenv("OSS_ENDPOINT", server.URL())
	ts.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
	ts.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
}

// badGateway starts a server that answers like a proxy whose upstream is down, and sets a variable to its URL:
// proxy502 NAME.
func badGateway(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: proxy502 NAME")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>Bad Gateway</html>", http.StatusBadGateway)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// hanging has, by the script's name, a channel that is sent to when an object of the medium "hangs" is asked
// for, which is never answered.
var hanging sync.Map

// awaitHang waits until the server of oss has such a request: hung.
func awaitHang(ts *testscript.TestScript, neg bool, args []string) {
	hung, ok := hanging.Load(ts.Name())
	if neg || len(args) > 0 || !ok {
		ts.Fatalf("usage: hung, after oss")
	}
	<-hung.(chan struct{})
}

// get fetches a page, under another host's name where one is given: get URL [HOST].
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: get URL [HOST]")
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, args[0], nil)
	ts.Check(err)
	if len(args) > 1 {
		req.Host = args[1]
	}
	printAnswer(ts, req)
}
