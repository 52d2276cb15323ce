package lab

import (
	"context"
	"fmt"
	"time"
)

// Poll calls try until it returns no complaint. An error ends it at once; when time is over the last complaint is told.
func Poll(ctx context.Context, limit, every time.Duration, try func() (complaint string, err error)) error {
	deadline := time.Now().Add(limit)
	for {
		complaint, err := try()
		if err != nil {
			return err
		}
		if complaint == "" {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("waited %s: %s", limit, complaint)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", ctx.Err(), complaint)
		case <-time.After(every):
		}
	}
}
