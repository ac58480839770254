package producertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The rules are those of "V3 request structure and signature",
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature.
const (
	algorithm  = "ACS3-HMAC-SHA256"
	timeFormat = "2006-01-02T15:04:05Z"
	maxSkew    = 15 * time.Minute
)

func forbidden(code, message string) error { return &failure{http.StatusForbidden, code, message} }
func invalid(code, message string) error   { return &failure{http.StatusBadRequest, code, message} }

// authenticate returns an error if a request is not correctly signed.
func (s *Server) authenticate(r *http.Request) error {
	scheme, fields, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != algorithm {
		return invalid("MissingAuthorization", "The request has no "+algorithm+" authorization.")
	}
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(field, "=")
		given[name] = value
	}
	switch {
	case given["Credential"] != s.Credentials.AccessKeyID:
		return &failure{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found: " + given["Credential"]}
	case r.Header.Get("X-Acs-Security-Token") != s.Credentials.SecurityToken:
		return forbidden("InvalidSecurityToken.Mismatch", "The security token does not match: "+r.Header.Get("X-Acs-Security-Token"))
	}
	if err := s.checkHeaders(r); err != nil {
		return err
	}
	signed := strings.Split(given["SignedHeaders"], ";")
	for name := range r.Header {
		name = strings.ToLower(name)
		if (strings.HasPrefix(name, "x-acs-") || name == "content-type") && !slices.Contains(signed, name) {
			return invalid("IncompleteSignature", "Not signed: "+name)
		}
	}
	if !slices.Contains(signed, "host") || !slices.IsSorted(signed) {
		return invalid("IncompleteSignature", "SignedHeaders: "+given["SignedHeaders"])
	}
	canonical := canonicalRequest(r, signed)
	hash := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(s.Credentials.AccessKeySecret))
	mac.Write([]byte(algorithm + "\n" + hex.EncodeToString(hash[:])))
	if !hmac.Equal([]byte(given["Signature"]), []byte(hex.EncodeToString(mac.Sum(nil)))) {
		// As the service does, it repeats what it signed, tokens included.
		return invalid("SignatureDoesNotMatch", "Specified signature is not matched with our calculation. server string to sign is: "+canonical)
	}
	return nil
}

// checkHeaders checks the headers other than the signature.
func (s *Server) checkHeaders(r *http.Request) error {
	sent, err := time.Parse(timeFormat, r.Header.Get("X-Acs-Date"))
	if err != nil || time.Since(sent).Abs() > maxSkew {
		return invalid("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	body, err := io.ReadAll(r.Body)
	hash := sha256.Sum256(body)
	if err != nil || r.Header.Get("X-Acs-Content-Sha256") != hex.EncodeToString(hash[:]) {
		return invalid("InvalidContentSha256", "x-acs-content-sha256 is not the hash of the body.")
	}
	nonce := r.Header.Get("X-Acs-Signature-Nonce")
	s.mu.Lock()
	defer s.mu.Unlock()
	if nonce == "" || s.nonces[nonce] {
		return invalid("SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	if s.nonces == nil {
		s.nonces = map[string]bool{}
	}
	s.nonces[nonce] = true
	return nil
}

// canonicalRequest is what both sides hash.
func canonicalRequest(r *http.Request, signed []string) string {
	var headers strings.Builder
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return strings.Join([]string{
		r.Method, "/", canonicalQuery(r.URL.Query()), headers.String(), strings.Join(signed, ";"), r.Header.Get("X-Acs-Content-Sha256"),
	}, "\n")
}

// canonicalQuery encodes as RFC 3986 asks and sorts by the encoded name.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, percent(name)+"="+percent(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func percent(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
