package osstest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The rules are those of "Include a V4 signature in the Authorization header",
// https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4.
const (
	algorithm       = "OSS4-HMAC-SHA256"
	product         = "oss"
	terminator      = "aliyun_v4_request"
	unsignedPayload = "UNSIGNED-PAYLOAD" // the only payload hash OSS takes
	dayFormat       = "20060102"
	timeFormat      = "20060102T150405Z" // of x-oss-date
	maxSkew         = 15 * time.Minute
)

// What is malformed is 400, what is well-formed and wrong is 403. A wrong region counts as malformed:
// the service answers "Invalid signing region" with 400, not with SignatureDoesNotMatch.
var (
	errAnonymous = failure{status: 403, code: "AccessDenied", message: "You have no right to access this object because of bucket acl.", ec: "0003-00000001"}
	// The page of this EC gives the status, not the code.
	errOldSignature     = failure{status: 403, code: "AccessDenied", message: "Signature V1 is no longer supported. Please use OSS4-HMAC-SHA256.", ec: "0002-00000080"}
	errBadAuthorization = invalidArgument("Invalid Authorization header.", "0002-00000202")
	errBadAdditional    = invalidArgument("Invalid AdditionalHeaders in Authorization header.", "0002-00000209")
	errBadCredential    = invalidArgument("Invalid Credential in Authorization header.", "0002-00000213")
	errBadDay           = invalidArgument("Invalid signing date in Authorization header.", "0002-00000212")
	errBadRegion        = invalidArgument("Invalid signing region in Authorization header.", "0002-00000226")
	errBadPayload       = invalidArgument("Invalid x-oss-content-sha256 header.", "0002-00000214")
	errNoDate           = failure{status: 403, code: "AccessDenied", message: "OSS authentication requires a valid Date."}
	errSkewed           = failure{status: 403, code: "RequestTimeTooSkewed", message: "The difference between the request time and the current time is too large.", ec: "0002-00000504"}
	errSignature        = failure{status: 403, code: "SignatureDoesNotMatch", message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.", ec: "0002-00000201"}
	errUnknownAccessKey = failure{status: 403, code: "InvalidAccessKeyId", message: "The OSS Access Key Id you provided does not exist in our records.", ec: "0002-00000902"}
	errTokenMissing     = failure{status: 403, code: "InvalidAccessKeyId", message: "The OSS Access Key Id you provided does not exist in our records. The Security Token may be lost to specify that it is a STS Access Id.", ec: "0002-00000902"}
	errTokenInvalid     = failure{status: 403, code: "InvalidSecurityToken", message: "The security token you provided is invalid.", ec: "0002-00000006"}
	errTokenExpired     = failure{status: 403, code: "SecurityTokenExpired", message: "The security token you provided has expired.", ec: "0002-00000007"}
)

// Credentials are what a client signs with: an AccessKey pair, of a user, or a temporary one with a
// security token, as a function's role has.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string    // of temporary credentials; "" otherwise
	Expires         time.Time // from then on they give SecurityTokenExpired; zero is never
}

// SetCredentials replaces all credentials. Without arguments, every request is refused.
func (s *Server) SetCredentials(all ...Credentials) {
	s.keys.known.Clear()
	s.AddCredentials(all...)
}

// AddCredentials adds credentials to those that are known. Credentials of the same AccessKey ID are
// replaced.
func (s *Server) AddCredentials(more ...Credentials) {
	for _, c := range more {
		s.keys.known.Store(c.AccessKeyID, c)
	}
}

// ExpireCredentials makes known credentials expire now: requests get 403 SecurityTokenExpired.
func (s *Server) ExpireCredentials(accessKeyID string) {
	known, _ := s.keys.known.Load(accessKeyID)
	if c, ok := known.(Credentials); ok {
		c.Expires = s.now()
		s.AddCredentials(c)
	}
}

// A keyring holds the credentials that the server knows, by AccessKey ID.
type keyring struct{ known sync.Map }

// check returns the secret that belongs to an AccessKey ID and a token.
func (k *keyring) check(accessKeyID, token string, now time.Time) (secret string, err error) {
	known, ok := k.known.Load(accessKeyID)
	c, _ := known.(Credentials)
	switch {
	case !ok:
		return "", errUnknownAccessKey.with("OSSAccessKeyId", accessKeyID)
	case c.SecurityToken != "" && token == "":
		// Without its token, a temporary AccessKey ID is not one that OSS has on record.
		return "", errTokenMissing.with("OSSAccessKeyId", accessKeyID)
	case c.SecurityToken != token:
		return "", errTokenInvalid.with("SecurityToken", token)
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return "", errTokenExpired.with("SecurityToken", token)
	}
	return c.AccessKeySecret, nil
}

// authenticate reports why the request is not by someone who may access the server, or nil.
func (s *Server) authenticate(r *http.Request, t target) error {
	a, err := parseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	if a.region != DefaultRegion {
		return errBadRegion
	}
	if r.Header.Get("X-Oss-Content-Sha256") != unsignedPayload {
		return errBadPayload
	}
	secret, err := s.keys.check(a.accessKeyID, r.Header.Get("X-Oss-Security-Token"), s.now())
	if err != nil {
		return err
	}
	timestamp, err := checkTime(r.Header, a.day, s.now())
	if err != nil {
		return err
	}
	return a.verify(secret, timestamp, canonicalRequest(r, t, a.additional))
}

// An authorization is the content of an Authorization header.
type authorization struct {
	accessKeyID, day, region string
	additional               []string // lower-case names of further signed headers
	signature                string
}

func parseAuthorization(header string) (authorization, error) {
	scheme, fields, _ := strings.Cut(header, " ")
	switch scheme {
	case algorithm:
	case "":
		return authorization{}, errAnonymous
	case "OSS", "OSS2":
		return authorization{}, errOldSignature
	default:
		return authorization{}, errBadAuthorization
	}
	var a authorization
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		if err := a.set(name, value); err != nil {
			return authorization{}, err
		}
	}
	if a.accessKeyID == "" || a.signature == "" {
		return authorization{}, errBadAuthorization
	}
	return a, nil
}

func (a *authorization) set(name, value string) error {
	switch name {
	case "Credential":
		return a.setCredential(value)
	case "AdditionalHeaders":
		a.additional = strings.Split(value, ";")
		if value == "" || value != strings.ToLower(value) || !slices.IsSorted(a.additional) {
			return errBadAdditional
		}
	case "Signature":
		a.signature = value
	default:
		return errBadAuthorization
	}
	return nil
}

// setCredential takes AccessKeyId/SignDate/SignRegion/oss/aliyun_v4_request.
func (a *authorization) setCredential(value string) error {
	parts := strings.Split(value, "/")
	if len(parts) != 5 || parts[0] == "" || parts[3] != product || parts[4] != terminator {
		return errBadCredential
	}
	if _, err := time.Parse(dayFormat, parts[1]); err != nil {
		return errBadDay
	}
	a.accessKeyID, a.day, a.region = parts[0], parts[1], parts[2]
	return nil
}

// checkTime returns the timestamp that was signed: x-oss-date, or Date, in the form it was sent.
func checkTime(header http.Header, day string, now time.Time) (string, error) {
	timestamp, format := header.Get("X-Oss-Date"), timeFormat
	if timestamp == "" {
		timestamp, format = header.Get("Date"), http.TimeFormat
	}
	sent, err := time.Parse(format, timestamp)
	if err != nil {
		return "", errNoDate
	}
	if now.Sub(sent).Abs() > maxSkew {
		return "", errSkewed.
			with("MaxAllowedSkewMilliseconds", strconv.FormatInt(maxSkew.Milliseconds(), 10)).
			with("RequestTime", isoTime(sent)).
			with("ServerTime", isoTime(now))
	}
	if sent.UTC().Format(dayFormat) != day {
		return "", errBadDay
	}
	return timestamp, nil
}

// verify compares signatures. The failure shows what the server signed, as the service does.
func (a authorization) verify(secret, timestamp, canonical string) error {
	toSign := stringToSign(timestamp, a.day, a.region, canonical)
	if hmac.Equal([]byte(a.signature), []byte(signature(signingKey(secret, a.day, a.region), toSign))) {
		return nil
	}
	return errSignature.
		with("OSSAccessKeyId", a.accessKeyID).
		with("SignatureProvided", a.signature).
		with("StringToSign", toSign).
		with("CanonicalRequest", canonical)
}

// canonicalRequest is what both sides hash: the request without what proxies may change.
func canonicalRequest(r *http.Request, t target, additional []string) string {
	uri := "/" + t.bucket + "/" + t.key // also where the bucket was sent in the Host header
	return strings.Join([]string{
		r.Method,
		encode(uri, "/"),
		canonicalQuery(r.URL.RawQuery),
		canonicalHeaders(r, additional), // ends with a newline of its own
		strings.Join(additional, ";"),
		cmp.Or(r.Header.Get("X-Oss-Content-Sha256"), unsignedPayload),
	}, "\n")
}

// canonicalQuery encodes names and values anew and sorts by encoded name. A parameter without value
// has no equals sign.
func canonicalQuery(raw string) string {
	type parameter struct{ name, value string }
	var parameters []parameter
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		parameters = append(parameters, parameter{recode(name), recode(value)})
	}
	slices.SortStableFunc(parameters, func(a, b parameter) int { return cmp.Compare(a.name, b.name) })
	pairs := make([]string, len(parameters))
	for i, p := range parameters {
		pairs[i] = p.name
		if p.value != "" {
			pairs[i] += "=" + p.value
		}
	}
	return strings.Join(pairs, "&")
}

// recode brings a part of a query into the one form that is signed. What cannot be decoded stays.
func recode(part string) string {
	decoded, err := url.QueryUnescape(part)
	if err != nil {
		return part
	}
	return encode(decoded, "")
}

// canonicalHeaders lists the signed headers, one a line: those which are always signed when present,
// and the additional ones.
func canonicalHeaders(r *http.Request, additional []string) string {
	signed := map[string]string{}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if alwaysSigned(name) || slices.Contains(additional, name) {
			trimmed := make([]string, len(values))
			for i, value := range values {
				trimmed[i] = strings.TrimSpace(value)
			}
			signed[name] = strings.Join(trimmed, ",")
		}
	}
	if slices.Contains(additional, "host") {
		signed["host"] = r.Host // net/http keeps it apart from the other headers
	}
	lines := make([]string, 0, len(signed))
	for name, value := range signed {
		lines = append(lines, name+":"+value+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// alwaysSigned tells whether the header, named in lower case, is signed without being asked for.
func alwaysSigned(name string) bool {
	return name == "content-md5" || name == "content-type" || strings.HasPrefix(name, "x-oss-")
}

func stringToSign(timestamp, day, region, canonical string) string {
	hash := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{day, region, product, terminator}, "/")
	return strings.Join([]string{algorithm, timestamp, scope, hex.EncodeToString(hash[:])}, "\n")
}

func signingKey(secret, day, region string) []byte {
	key := []byte("aliyun_v4" + secret)
	for _, part := range []string{day, region, product, terminator} {
		key = hmacSHA256(key, part)
	}
	return key
}

func signature(key []byte, toSign string) string {
	return hex.EncodeToString(hmacSHA256(key, toSign))
}

func hmacSHA256(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" // RFC 3986, section 2.3

// encode percent-encodes all bytes but the unreserved ones and those in keep.
func encode(text, keep string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; strings.IndexByte(unreserved, c) >= 0 || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// isoTime is the form of times in OSS's XML.
func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
