package probes

// This file measures starts and compares them with what the containers say themselves.

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-scars/kubectl-scars/pkg/finding"
)

//go:embed starts.yaml
var startsFile []byte

// start is one of the file, which says what its fields mean.
type start struct {
	Name   string         `json:"name"`
	AtMost bool           `json:"atMost"`
	Spec   corev1.PodSpec `json:"spec"`
}

func starts(t *testing.T) []start {
	var file struct {
		Starts []start `json:"starts"`
	}
	if err := yaml.UnmarshalStrict(startsFile, &file); err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, s := range file.Starts {
		if !s.AtMost {
			measured++
		}
		if named := func(c corev1.Container) bool { return c.Name == Under }; !slices.ContainsFunc(s.Spec.Containers, named) && !slices.ContainsFunc(s.Spec.InitContainers, named) {
			t.Errorf("%s has no container %s", s.Name, Under)
		}
	}
	if measured < 20 {
		t.Errorf("%d starts can be measured, want 20", measured)
	}
	return file.Starts
}

// TestStarts wants each start to have taken what the container's own log says, within the error that the tool states.
func TestStarts(t *testing.T) {
	list := starts(t)
	if !*all && *only != "starts" {
		t.Skip("only the file was looked at; -only starts plays it")
	}
	playAll(t, func(s *stage) (acts []act) {
		for _, one := range list {
			acts = append(acts, act{one.Name, "start-" + one.Name, func(ctx context.Context) error { return s.measure(ctx, t, one) }})
		}
		return acts
	})
}

func (s *stage) measure(ctx context.Context, t *testing.T, one start) error {
	const name = "start"
	namespace := "start-" + one.Name
	var grace int64 = 1
	one.Spec.TerminationGracePeriodSeconds = &grace
	if err := s.create(ctx, namespace, &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: one.Spec,
	}); err != nil {
		return err
	}
	var began time.Time
	err := until(ctx, 5*time.Minute, func() (string, error) {
		pod, err := s.client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		st := under(pod)
		if !is(pod, corev1.ContainersReady) || st == nil || st.State.Running == nil {
			return "its containers are not ready", nil
		}
		if st.RestartCount > 0 {
			return "", fmt.Errorf("the node restarted it: %+v", st.LastTerminationState)
		}
		began = st.State.Running.StartedAt.Time
		return "", nil
	})
	if err != nil {
		return err
	}
	truth, err := s.up(ctx, namespace, name)
	if err != nil {
		return err
	}
	measured, err := s.recommend(ctx, namespace, name)
	if err != nil {
		return err
	}
	if one.AtMost {
		if measured.AtMost != 1 || len(measured.Ready) > 0 {
			return fmt.Errorf("got %+v, want a bound alone", measured)
		}
		return nil
	}
	if len(measured.Ready) != 1 {
		return fmt.Errorf("got %+v, want one start", measured)
	}
	took := time.Duration(measured.Ready[0]) * time.Second
	least, most := took-time.Duration(measured.Error)*time.Second, took+time.Second // times are cut to seconds
	t.Logf("%-26s up after %6.3fs, measured %s to %s", one.Name, truth.Sub(began).Seconds(), least, most)
	if up := truth.Sub(began); up < least || up > most {
		return fmt.Errorf("it was up after %s, and measured %s to %s", up, least, most)
	}
	return nil
}

var upForm = regexp.MustCompile(`(?m)^up: .* at (\S+)$`)

// up is when the container under test was up last, as it says itself.
func (s *stage) up(ctx context.Context, namespace, name string) (time.Time, error) {
	log, err := s.client.CoreV1().Pods(namespace).GetLogs(name, &corev1.PodLogOptions{Container: Under}).DoRaw(ctx)
	if err != nil {
		return time.Time{}, err
	}
	lines := upForm.FindAllSubmatch(log, -1)
	if len(lines) == 0 {
		return time.Time{}, fmt.Errorf("it does not say when it was up: %q", log)
	}
	return time.Parse(time.RFC3339Nano, string(lines[len(lines)-1][1]))
}

// recommend is what the tool measured of the container under test.
func (s *stage) recommend(ctx context.Context, namespace, name string) (finding.Starts, error) {
	res, err := s.tool.Run(ctx, "probes", "recommend", "pod/"+name, "-n", namespace, "-o", "json")
	if err != nil {
		return finding.Starts{}, err
	}
	var view finding.ProbesRecommend
	if err := json.Unmarshal(res.Stdout, &view); err != nil || res.Code != 0 {
		return finding.Starts{}, fmt.Errorf("code %d, stderr %q: %w", res.Code, res.Stderr, err)
	}
	for _, item := range view.Items {
		if item.Object.Container == Under {
			return item.Starts, nil
		}
	}
	return finding.Starts{}, fmt.Errorf("nothing about the container in %s", res.Stdout)
}
