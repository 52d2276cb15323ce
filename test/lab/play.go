package lab

// This file plays one incident: its steps, and the conditions that it waits for.

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-scars/kubectl-scars/test/lab/internal/incident"
)

// Patience is how long a step of an incident may take. Back-offs of the kubelet reach 5 minutes.
const Patience = 10 * time.Minute

// Player plays incidents on a lab.
type Player struct {
	lab   *Lab
	looks looks
	again sync.Map // what was tried twice, by name: whether it is healthy
}

// NewPlayer prepares to play.
func NewPlayer(l *Lab) *Player { return &Player{lab: l} }

// Play makes an incident happen in the namespace of its name and returns when it has. What an earlier play left is
// removed first.
func (p *Player) Play(ctx context.Context, in incident.Incident) error {
	if err := p.lab.Clear(ctx, in.Name, in.Manifest); err != nil {
		return err
	}
	if err := p.lab.Apply(ctx, in.Name, nil); err != nil {
		return err
	}
	for _, c := range in.Certs {
		if err := p.lab.applyCert(ctx, in.Name, c); err != nil {
			return err
		}
	}
	if err := p.lab.Apply(ctx, in.Name, in.Manifest); err != nil {
		return err
	}
	return p.steps(ctx, in.Name, in.Steps)
}

// Undo takes an incident away.
func (p *Player) Undo(ctx context.Context, in incident.Incident) error {
	err := p.steps(ctx, in.Name, in.Undo)
	if e := p.lab.Delete(ctx, in.Name, in.Manifest); e != nil {
		return e
	}
	return err
}

func (p *Player) steps(ctx context.Context, namespace string, steps []incident.Step) error {
	for _, s := range steps {
		var err error
		switch {
		case s.Until != nil:
			err = p.until(ctx, namespace, s.Until)
		case s.Kubectl != nil:
			_, err = p.lab.Run(ctx, nil, append([]string{"-n", namespace}, s.Kubectl...)...)
		default:
			_, err = p.lab.InNode(ctx, s.Node, "ns="+namespace+"\n"+s.Script)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", namespace, s.Line, err)
		}
	}
	return nil
}

func (p *Player) until(ctx context.Context, namespace string, u *incident.Until) error {
	k, err := p.lab.kinds()
	if err != nil {
		return err
	}
	if u.Namespace != "" {
		namespace = u.Namespace
	}
	kind, err := k.mapper.KindFor(schema.ParseGroupResource(u.Resource).WithVersion(""))
	if err != nil {
		return fmt.Errorf("resource %q: %w", u.Resource, err)
	}
	api, err := k.of(kind, namespace)
	if err != nil {
		return err
	}
	return Poll(ctx, Patience, 2*time.Second, func() (string, error) {
		object, err := read(ctx, api, u)
		if errors.IsNotFound(err) {
			object = map[string]any{}
		} else if err != nil {
			return err.Error(), nil
		}
		ok, got, err := u.Holds(object)
		if err != nil || ok {
			return "", err
		}
		if len(got) > 400 {
			got = "… " + got[len(got)-400:]
		}
		return fmt.Sprintf("got %q", got), nil
	})
}

func read(ctx context.Context, api dynamic.ResourceInterface, u *incident.Until) (map[string]any, error) {
	if u.Name != "" {
		o, err := api.Get(ctx, u.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return o.Object, nil
	}
	list, err := api.List(ctx, metav1.ListOptions{LabelSelector: u.Selector})
	if err != nil {
		return nil, err
	}
	data, err := list.MarshalJSON() // puts the items into the map
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(data, &m)
}
