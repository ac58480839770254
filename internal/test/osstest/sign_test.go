package osstest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// exampleTime is that of the example in OSS's description of V4 signatures.
var exampleTime = time.Date(2025, 4, 11, 6, 41, 24, 0, time.UTC)

// exampleCanonical is the canonical request of that example.
const exampleCanonical = `PUT
/examplebucket/exampleobject

content-disposition:attachment
content-length:3
content-md5:ICy5YqxZB1uWSwcVLSNLcA==
content-type:text/plain
x-oss-content-sha256:UNSIGNED-PAYLOAD
x-oss-date:20250411T064124Z

content-disposition;content-length
UNSIGNED-PAYLOAD`

// TestPublishedExample checks each published step. The published key is not the one of the published
// secret (a placeholder), so the derivation of keys is left to TestHandSigned.
func TestPublishedExample(t *testing.T) {
	t.Parallel()
	hash := sha256.Sum256([]byte(exampleCanonical))
	if got := hex.EncodeToString(hash[:]); got != "c46d96390bdbc2d739ac9363293ae9d710b14e48081fcb22cd8ad54b63136eca" {
		t.Errorf("hash is %s", got)
	}
	toSign := stringToSign("20250411T064124Z", "20250411", "cn-hangzhou", exampleCanonical)
	want := "OSS4-HMAC-SHA256\n20250411T064124Z\n20250411/cn-hangzhou/oss/aliyun_v4_request\nc46d96390bdbc2d739ac9363293ae9d710b14e48081fcb22cd8ad54b63136eca"
	if toSign != want {
		t.Errorf("string to sign is %q", toSign)
	}
	key, err := hex.DecodeString("3543b7686e65eda71e5e5ca19d548d78423c37e8ddba4dc9d83f90228b457c76")
	if err != nil {
		t.Fatal(err)
	}
	if got := signature(key, toSign); got != "053edbf550ebd239b32a9cdfd93b0b2b3f2d223083aa61f75e9ac16856d61f23" {
		t.Errorf("signature is %s", got)
	}
}

// handSigned are requests whose signatures were computed outside this package and its language, by
// writing down the canonical request.
var handSigned = []struct {
	name, method, host, path string
	header                   map[string]string
	authorization            string
	body                     string
	credentials              Credentials
	key                      string // of the object stored; "" for none
}{
	{
		name: "published example", method: "PUT", path: "/examplebucket/exampleobject", body: "123",
		header: map[string]string{
			"Content-Disposition": "attachment", "Content-Length": "3", "Content-MD5": "ICy5YqxZB1uWSwcVLSNLcA==",
			"Content-Type": "text/plain", "x-oss-content-sha256": "UNSIGNED-PAYLOAD", "x-oss-date": "20250411T064124Z",
		},
		authorization: "OSS4-HMAC-SHA256 Credential=LTAI****************/20250411/cn-hangzhou/oss/aliyun_v4_request," +
			"AdditionalHeaders=content-disposition;content-length," +
			"Signature=d3694c2dfc5371ee6acd35e88c4871ac95a7ba01d3a2f476768fe61218590097",
		credentials: Credentials{AccessKeyID: "LTAI****************", AccessKeySecret: "yourAccessKeySecret"},
		key:         "exampleobject",
	},
	{
		name: "virtual-hosted, host signed, blanks after commas", method: "PUT",
		host: "examplebucket.oss-cn-hangzhou.aliyuncs.com", path: "/dir%2Fa%20b%2B%C3%A9~.json", body: "x",
		header: map[string]string{
			"X-Oss-Content-Sha256": "UNSIGNED-PAYLOAD", "X-Oss-Date": "20250411T064124Z",
			"X-Oss-Forbid-Overwrite": " true ", "X-Oss-Security-Token": "token",
		},
		authorization: "OSS4-HMAC-SHA256 Credential=STS.ak/20250411/cn-hangzhou/oss/aliyun_v4_request, " +
			"AdditionalHeaders=host, Signature=808e18a1d5153932c9f094938540f2bd8c256bbb70ec1a165e9ff663d3581424",
		credentials: Credentials{AccessKeyID: "STS.ak", AccessKeySecret: "secret", SecurityToken: "token", Expires: exampleTime.Add(1)},
		key:         "dir/a b+é~.json",
	},
	{
		name: "listing, Date instead of x-oss-date, query unsorted", method: "GET", path: "/examplebucket/?prefix=a+b%2b/%c3%a9&list-type=2&delimiter=%2F",
		header: map[string]string{
			"X-Oss-Content-Sha256": "UNSIGNED-PAYLOAD", "Date": "Fri, 11 Apr 2025 06:41:24 GMT", "X-Oss-Security-Token": "token",
		},
		authorization: "OSS4-HMAC-SHA256 Credential=STS.ak/20250411/cn-hangzhou/oss/aliyun_v4_request," +
			"Signature=c47b3f8aea676a5e533ec63c448d450ab0c5edc75bca0cd91857e7cefcd5fdd3",
		credentials: Credentials{AccessKeyID: "STS.ak", AccessKeySecret: "secret", SecurityToken: "token"},
	},
}

func TestHandSigned(t *testing.T) {
	t.Parallel()
	for _, tt := range handSigned {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{Now: func() time.Time { return exampleTime }})
			s.SetCredentials(tt.credentials)
			send := func(change func(*http.Request)) (int, string) {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), tt.method, s.URL()+tt.path, strings.NewReader(tt.body))
				if err != nil {
					t.Fatal(err)
				}
				r.Host = tt.host
				for name, value := range tt.header {
					r.Header.Set(name, value)
				}
				r.Header.Set("Authorization", tt.authorization)
				change(r)
				return do(t, r)
			}
			if status, body := send(func(*http.Request) {}); status != 200 {
				t.Fatalf("answer is %d %s", status, body)
			}
			if _, ok := s.Object(testBucket, tt.key); ok != (tt.key != "") {
				t.Errorf("object %q is there: %t", tt.key, ok)
			}
			for name, change := range map[string]func(*http.Request){
				"header":    func(r *http.Request) { r.Header.Set("X-Oss-Meta-A", "b") },
				"path":      func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" },
				"query":     func(r *http.Request) { r.URL.RawQuery += "&max-keys=1" },
				"signature": func(r *http.Request) { r.Header.Set("Authorization", tt.authorization[:len(tt.authorization)-1]) },
			} {
				if status, body := send(change); status != 403 || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") {
					t.Errorf("with another %s: %d %s", name, status, body)
				}
			}
		})
	}
}

// do sends a request made by hand and returns the answer's status and body.
func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	role := Credentials{AccessKeyID: "STS.ak", AccessKeySecret: "secret", SecurityToken: "token+/=", Expires: time.Now().Add(time.Hour)}
	try := func(c Credentials) error { return put(sdk(t, s, c), "a", "x") }
	with := func(change func(*Credentials)) Credentials {
		c := role
		change(&c)
		return c
	}

	wantError(t, try(role), 403, "InvalidAccessKeyId")
	s.AddCredentials(role)
	if err := try(role); err != nil {
		t.Fatal(err)
	}
	if err := try(testCredentials); err != nil {
		t.Fatal(err)
	}
	wantError(t, try(with(func(c *Credentials) { c.AccessKeySecret = "other" })), 403, "SignatureDoesNotMatch",
		"<StringToSign>OSS4-HMAC-SHA256", "<EC>0002-00000201</EC>")
	wantError(t, try(with(func(c *Credentials) { c.SecurityToken = "other" })), 403, "InvalidSecurityToken")
	wantError(t, try(with(func(c *Credentials) { c.SecurityToken = "" })), 403, "InvalidAccessKeyId")
	wantError(t, try(Credentials{AccessKeyID: "ak", AccessKeySecret: "secret", SecurityToken: "token"}), 403, "InvalidSecurityToken")

	s.ExpireCredentials(role.AccessKeyID)
	s.ExpireCredentials("unknown")
	wantError(t, try(role), 403, "SecurityTokenExpired")
	s.AddCredentials(role) // as an STS does that hands out the same again
	if err := try(role); err != nil {
		t.Fatal(err)
	}
	s.SetCredentials(role)
	wantError(t, try(testCredentials), 403, "InvalidAccessKeyId")
	s.SetCredentials()
	wantError(t, try(role), 403, "InvalidAccessKeyId")
}

func TestExpiryIsByTheServersClock(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := start(t, Config{Now: func() time.Time { return now }})
	for _, tt := range []struct {
		expires time.Time
		ok      bool
	}{{now.Add(1), true}, {now, false}, {now.Add(-1), false}, {time.Time{}, true}} {
		c := Credentials{AccessKeyID: "STS.ak", AccessKeySecret: "secret", SecurityToken: "token", Expires: tt.expires}
		s.SetCredentials(c)
		if err := put(sdk(t, s, c), "a", "x"); (err == nil) != tt.ok {
			t.Errorf("expires %v at %v: %v", tt.expires, now, err)
		}
	}
}

func TestWrongRegion(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	for _, region := range []string{"cn-shanghai", "oss-cn-hangzhou"} {
		wantError(t, put(sdk(t, s, testCredentials, oss.Region(region)), "a", "x"), 400, "InvalidArgument", "Invalid signing region")
	}
}

func TestOldSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	for _, version := range []oss.AuthVersionType{oss.AuthV1, oss.AuthV2} {
		wantError(t, put(sdk(t, s, testCredentials, oss.AuthVersion(version)), "a", "x"), 403, "AccessDenied", "<EC>0002-00000080</EC>")
	}
	if s.Stats().Stored != 0 {
		t.Error("stored")
	}
}

func TestSkew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ahead time.Duration // of the server's clock
		ok    bool
	}{{maxSkew - time.Minute, true}, {time.Minute - maxSkew, true}, {maxSkew + time.Minute, false}, {-maxSkew - time.Minute, false}, {-365 * 24 * time.Hour, false}} {
		s := start(t, Config{Now: func() time.Time { return time.Now().Add(tt.ahead) }})
		err := put(sdk(t, s, testCredentials), "a", "x")
		if tt.ok {
			if err != nil {
				t.Errorf("clock ahead by %v: %v", tt.ahead, err)
			}
			continue
		}
		wantError(t, err, 403, "RequestTimeTooSkewed", "<MaxAllowedSkewMilliseconds>900000<", "<RequestTime>", "<ServerTime>")
	}
}

func TestMalformedAuthorization(t *testing.T) {
	t.Parallel()
	s := start(t, Config{Now: func() time.Time { return exampleTime }})
	const credential = "OSS4-HMAC-SHA256 Credential=ak/20250411/cn-hangzhou/oss/aliyun_v4_request"
	for _, tt := range []struct {
		name, authorization, sha, date string
		status                         int
		code, ec                       string
	}{
		{"none", "", unsignedPayload, "20250411T064124Z", 403, "AccessDenied", "0003-00000001"},
		{"Amazon's", "AWS4-HMAC-SHA256 Credential=ak/20250411/cn-hangzhou/s3/aws4_request,Signature=00", unsignedPayload, "20250411T064124Z", 400, "InvalidArgument", "0002-00000202"},
		{"no signature", credential, unsignedPayload, "20250411T064124Z", 400, "InvalidArgument", "0002-00000202"},
		{"unsorted AdditionalHeaders", credential + ",AdditionalHeaders=host;date,Signature=00", unsignedPayload, "20250411T064124Z", 400, "InvalidArgument", "0002-00000209"},
		{"other product", strings.Replace(credential, "/oss/", "/s3/", 1) + ",Signature=00", unsignedPayload, "20250411T064124Z", 400, "InvalidArgument", "0002-00000213"},
		{"malformed day", strings.Replace(credential, "20250411", "2025-04-11", 1) + ",Signature=00", unsignedPayload, "20250411T064124Z", 400, "InvalidArgument", "0002-00000212"},
		{"other day", strings.Replace(credential, "20250411", "20250412", 1) + ",Signature=00", unsignedPayload, "20250411T064124Z", 400, "InvalidArgument", "0002-00000212"},
		{"no payload hash", credential + ",Signature=00", "", "20250411T064124Z", 400, "InvalidArgument", "0002-00000214"},
		{"no date", credential + ",Signature=00", unsignedPayload, "", 403, "AccessDenied", ""},
		{"wrong signature", credential + ",Signature=00", unsignedPayload, "20250411T064124Z", 403, "SignatureDoesNotMatch", "0002-00000201"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL()+"/examplebucket/a", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"Authorization": tt.authorization, "X-Oss-Content-Sha256": tt.sha, "X-Oss-Date": tt.date} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			status, body := do(t, r)
			if status != tt.status || !strings.Contains(body, "<Code>"+tt.code+"</Code>") || (tt.ec != "") != strings.Contains(body, "<EC>") || !strings.Contains(body, tt.ec) {
				t.Errorf("answer is %d %s", status, body)
			}
		})
	}
}
