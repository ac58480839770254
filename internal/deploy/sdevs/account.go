package sdevs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // G501: the Serverless Devs command line derives its key with MD5
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Account returns the ID of the account that Serverless Devs would use: the environment's, if ID, key and secret are
// all set, or else the one that `s config add` stored under alias. It returns "" if there is neither.
func Account(env *Env, alias string) (string, error) {
	id, _ := env.Lookup("AccountID")
	key, _ := env.Lookup("AccessKeyID")
	secret, _ := env.Lookup("AccessKeySecret")
	if id != "" && key != "" && secret != "" {
		return id, nil
	}
	home, err := Home(env)
	if err != nil {
		return "", err
	}
	return stored(filepath.Join(home, "access.yaml"), alias)
}

// Home returns the folder in which the command line keeps its accounts, components and logs.
func Home(env *Env) (string, error) {
	home, _ := env.Lookup("serverless_devs_config_home")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(home, ".s"), nil
}

func stored(file, alias string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: the file of the Serverless Devs command line
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	var accounts map[string]map[string]string
	if err := yaml.Unmarshal(text, &accounts); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	id, err := decrypt(accounts[alias]["AccountID"])
	if err != nil {
		return "", fmt.Errorf("%s: the account ID of %q: %w", file, alias, err)
	}
	return id, nil
}

// passphrase is public, in the source of the command line. It only obscures the values.
const passphrase = "SecretKey123"

// decrypt reads a value of access.yaml: Base64 of "Salted__", eight bytes of salt, and AES-256-CBC with the key and
// the initialization vector that OpenSSL derives from passphrase and salt. Any other text is the value itself.
func decrypt(value string) (string, error) {
	sealed, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sealed) < 16 || string(sealed[:8]) != "Salted__" {
		return value, nil
	}
	salt, text := sealed[8:16], sealed[16:]
	if len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return "", errors.New("is truncated")
	}
	var derived, last []byte
	for len(derived) < 32+aes.BlockSize {
		sum := md5.Sum(append(append(last, passphrase...), salt...)) //nolint:gosec // G401: see above
		last = sum[:]
		derived = append(derived, last...)
	}
	block, err := aes.NewCipher(derived[:32])
	if err != nil {
		return "", err
	}
	cipher.NewCBCDecrypter(block, derived[32:48]).CryptBlocks(text, text)
	pad := int(text[len(text)-1])
	if pad < 1 || pad > aes.BlockSize {
		return "", errors.New("is encrypted by another version of Serverless Devs")
	}
	return string(text[:len(text)-pad]), nil
}
