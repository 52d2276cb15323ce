package collect

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

type answers string

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

func TestLimit(t *testing.T) {
	for body, wrong := range map[string]bool{"": false, "12345678": false, "123456789": true} {
		resp, err := limited{answers(body), 8}.RoundTrip(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if errors.Is(err, errTooLong) != wrong || !wrong && string(got) != body {
			t.Errorf("%q: %q, %v", body, got, err)
		}
	}
}
