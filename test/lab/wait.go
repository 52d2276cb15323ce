package lab

import (
	"context"
	"fmt"
	"time"
)

// poll calls try until it returns no complaint. An error ends it at once; when time is over the last complaint is told.
func poll(ctx context.Context, limit, every time.Duration, try func() (complaint string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		complaint, err := try()
		if err != nil {
			return err
		}
		if complaint == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s: %s", limit, complaint)
		case <-time.After(every):
		}
	}
}
