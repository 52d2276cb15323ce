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
	return &http.Response{Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

func TestLimit(t *testing.T) {
	for body, wrong := range map[string]bool{"": false, "12345678": false, "123456789": true} {
		var contentType string
		r, err := http.NewRequestWithContext(noting(t.Context(), &contentType), http.MethodGet, "http://server.example", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := limited{answers(body), 8}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "text/plain" {
			t.Errorf("noted content type %q", contentType)
		}
		got, err := io.ReadAll(resp.Body)
		if errors.Is(err, errTooLong) != wrong || !wrong && string(got) != body {
			t.Errorf("%q: %q, %v", body, got, err)
		}
	}
}
