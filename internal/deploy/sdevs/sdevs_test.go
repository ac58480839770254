package sdevs

import (
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func from(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// TestReadEnv holds the reading of .env to what dotenv 16.3.1 and dotenv-expand 10.0.0, which Serverless Devs 3.1.10
// has, make of the same file.
func TestReadEnv(t *testing.T) {
	t.Parallel()
	file := write(t, ".env", "# a comment\n"+
		"PLAIN=value  # and a comment\n"+
		"export EXPORTED = spaced out \n"+
		"EMPTY=\n"+
		"SINGLE='a # b'\n"+
		"DOUBLE=\"two\\nlines\"\n"+
		"BACK=`it's \"so\"`\n"+
		"URL=https://example.com/a?b=c\n"+
		"TWICE=first\nTWICE=second\n"+
		"SHELL_FIRST=file\n"+
		"SHELL_EMPTY=file\n"+
		"REF=${PLAIN}/$URL\n"+
		"FALLBACK=${NOT_SET:-other}\n"+
		"ESCAPED=a\\$PLAIN\n"+
		"COLON: yes\n"+
		"CR=end\r\n")
	env, err := ReadEnv(file, from(map[string]string{"SHELL_FIRST": "shell", "SHELL_EMPTY": ""}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"PLAIN": "value", "EXPORTED": "spaced out", "EMPTY": "", "SINGLE": "a # b", "DOUBLE": "two\nlines", "BACK": `it's "so"`,
		"URL": "https://example.com/a?b=c", "TWICE": "second", "SHELL_FIRST": "shell", "SHELL_EMPTY": "",
		"REF": "value/https://example.com/a?b=c", "FALLBACK": "other", "ESCAPED": "a$PLAIN", "COLON": "yes", "CR": "end",
	}
	for name, value := range want {
		if got, ok := env.Lookup(name); !ok || got != value {
			t.Errorf("%s is %q (%v), want %q", name, got, ok, value)
		}
	}
	if v, ok := env.Lookup("NOT_SET"); ok {
		t.Errorf("NOT_SET is %q", v)
	}
	if got := env.InFile("SHELL_FIRST"); got != "file" {
		t.Errorf("the file's SHELL_FIRST is %q", got)
	}
}

func TestReadEnvWithoutFile(t *testing.T) {
	t.Parallel()
	env, err := ReadEnv(filepath.Join(t.TempDir(), ".env"), from(map[string]string{"A": "1"}))
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := env.Lookup("A"); v != "1" {
		t.Errorf("A is %q", v)
	}
}

// access is what `s config add --AccountID 1234567890123456 --AccessKeyID nobody --AccessKeySecret nobody -a prod` wrote.
const access = `prod:
  AccessKeyID: U2FsdGVkX1977yCi+7K3q6ERnI6yVDpggx3q/RGIMWw=
  AccessKeySecret: U2FsdGVkX1/JfDqI0wu9XBPimmKUrf+GYUv3LoLrOM0=
  __provider: U2FsdGVkX183UC+PSzWikthaY/D97a8OXczzSv6YDyQ=
  AccountID: U2FsdGVkX1/o8Yq+y3KLkzkKRbGi1Fy98k3m963epUW0e7xS0cceAxpouMTfG5IX
plain:
  AccountID: '6543210987654321'
`

func TestAccount(t *testing.T) {
	t.Parallel()
	home := filepath.Dir(filepath.Dir(write(t, ".s/access.yaml", access)))
	all := map[string]string{"AccountID": "1111222233334444", "AccessKeyID": "nobody", "AccessKeySecret": "nobody"}
	tests := []struct {
		name  string
		alias string
		env   map[string]string
		want  string
	}{
		{"alias", "prod", nil, "1234567890123456"},
		{"alias in plain text", "plain", nil, "6543210987654321"},
		{"unknown alias", "default", nil, ""},
		{"environment goes first", "prod", all, "1111222233334444"},
		{"environment is incomplete", "prod", map[string]string{"AccountID": "1111222233334444"}, "1234567890123456"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			process := map[string]string{"serverless_devs_config_home": home}
			for name, v := range tt.env {
				process[name] = v
			}
			env, err := ReadEnv("", from(process))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Account(env, tt.alias); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestDecryptRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"U2FsdGVkX1/o8Yq+y3KLkw==", "U2FsdGVkX1/o8Yq+y3KLkzkKRbGi"} {
		if v, err := decrypt(value); err == nil {
			t.Errorf("%q is decrypted as %q", value, v)
		}
	}
}
