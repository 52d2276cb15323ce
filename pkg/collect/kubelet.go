package collect

// What kubelets say of the memory of containers, read through the API server: nodes/NAME/proxy, which the user asked for (--kubelet-stats).

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// The paths below nodes/NAME/proxy that may be read, and no others: the same right lets its holder run commands in containers.
const (
	summaryPath  = "stats/summary"
	cadvisorPath = "metrics/cadvisor"
)

// maxAnswer bounds what is read of one kubelet's answer. cAdvisor's metrics of a node with 110 pods are about 5 MB.
const maxAnswer = 64 << 20

// source is one of the two answers and how it is read. Only pods that keep tells of are read.
type source struct {
	path, param string
	read        func(io.Reader, keep) ([]snapshot.ContainerMemory, error)
}

// keep tells which pods to keep of an answer: those that the snapshot holds. The kubelet tells of every pod of its node.
type keep func(namespace, pod string) bool

// kubelet reads what one kubelet says: one request for each source, never repeated. Where one of them fails, the other still counts.
func (c *Client) kubelet(ctx context.Context, a snapshot.Ask, b *snapshot.Builder) snapshot.State {
	kept := func(namespace, pod string) bool { return b.Holds(snapshot.Pods, namespace, pod) }
	stats := &snapshot.NodeStats{ObjectMeta: metav1.ObjectMeta{Name: a.Name}, Rows: []snapshot.ContainerMemory{}}
	var errs []error
	sources := []source{{summaryPath, "only_cpu_and_memory", summaryRows}, {cadvisorPath, "", cadvisorRows}}
	for _, from := range sources {
		rows, err := c.ask(ctx, a.Name, from, kept)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", from.path, err))
			continue
		}
		stats.Rows = append(stats.Rows, rows...)
	}
	if len(errs) < len(sources) {
		if err := b.Add(stats); err != nil {
			return failure(err, 0)
		}
	}
	switch len(errs) {
	case 0:
		return snapshot.State{Status: snapshot.OK}
	case len(sources):
		s := failure(errors.Unwrap(errs[0]), 0)
		if s.Status == snapshot.NotServed { // said of a node or by a kubelet, and not of an API
			s = snapshot.State{Status: snapshot.Failed, Reason: reason(errs[0])}
		}
		return s
	default:
		return snapshot.State{Status: snapshot.Partial, Reason: clean(errs[0])}
	}
}

func (c *Client) ask(ctx context.Context, node string, from source, kept keep) ([]snapshot.ContainerMemory, error) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	info, _ := snapshot.InfoOf(snapshot.Nodes)
	r := c.clients[info.GVK.GroupVersion()].Get().Resource(info.Resource).Name(node).SubResource(append([]string{"proxy"}, strings.Split(from.path, "/")...)...).
		SetHeader("Accept", "application/json, text/plain;q=0.9").MaxRetries(0)
	if from.param != "" {
		r = r.Param(from.param, "true")
	}
	body, err := Within(ctx, func() (io.ReadCloser, error) { return r.Stream(ctx) })
	if err != nil {
		return nil, orEnded(ctx, err)
	}
	defer func() { _ = body.Close() }()
	limited := &io.LimitedReader{R: body, N: maxAnswer}
	rows, err := from.read(limited, kept)
	switch {
	case limited.N <= 0:
		return nil, fmt.Errorf("%w: more than %d MiB", errTooLong, maxAnswer>>20)
	case err != nil:
		return nil, orEnded(ctx, err)
	}
	return rows, nil
}

// orEnded is why a context has ended, or the error.
func orEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return err
}

// clean is an error with its source, in the words of reason.
func clean(err error) string {
	source, _, _ := strings.Cut(err.Error(), ": ")
	return source + ": " + reason(errors.Unwrap(err))
}
