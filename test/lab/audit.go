package lab

// This file reads the audit log: what somebody asked of the API server.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Request is one line of the audit log: what somebody asked of the API server. Levels: metadata only, never bodies.
type Request struct {
	ID        string    `json:"auditID"`
	Verb      string    `json:"verb"` // get, list, watch, create …
	URI       string    `json:"requestURI"`
	UserAgent string    `json:"userAgent"`
	Time      time.Time `json:"requestReceivedTimestamp"`
	User      struct {
		Name string `json:"username"`
	} `json:"user"`
	Object struct {
		Group       string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	Status struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// mark returns the present end of the audit log.
func (l *Lab) mark() (int64, error) {
	info, err := os.Stat(l.AuditLog())
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// requests returns what a user asked since the log had the given length. It first asks something itself and waits until
// that stands in the log, so that nothing which was answered before is missed.
func (l *Lab) requests(ctx context.Context, since int64, user string) ([]Request, error) {
	marker := fmt.Sprintf("/version?lab=%d", time.Now().UnixNano())
	if _, err := l.Run(ctx, nil, "get", "--raw", marker); err != nil {
		return nil, err
	}
	var found []Request
	err := Poll(ctx, 10*time.Second, 50*time.Millisecond, func() (string, error) {
		all, err := l.readAudit(since)
		if err != nil {
			return "", err
		}
		found = nil
		seen := false
		for _, r := range all {
			seen = seen || r.URI == marker
			if r.User.Name == user {
				found = append(found, r)
			}
		}
		if !seen {
			return "the audit log lags behind", nil
		}
		return "", nil
	})
	return found, err
}

// readAudit parses the log from an offset on; a line that is still being written is left out.
func (l *Lab) readAudit(since int64) ([]Request, error) {
	f, err := os.Open(l.AuditLog())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(since, io.SeekStart); err != nil {
		return nil, err
	}
	var all []Request
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var q Request
		if err := json.Unmarshal(bytes.TrimSpace(line), &q); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		all = append(all, q)
	}
}
