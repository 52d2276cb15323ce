package snapshot

// The builder takes in and refuses, views give out what was declared, and absence is claimed only where it is known.

import (
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAddRefuses(t *testing.T) {
	b := NewBuilder()
	if err := b.Add(&corev1.ConfigMap{ObjectMeta: named("c")}); !errors.Is(err, ErrKind) {
		t.Errorf("a ConfigMap: %v", err)
	}
	if err := b.Add(&corev1.Pod{}); !errors.Is(err, ErrName) {
		t.Errorf("a pod without a name: %v", err)
	}
	if n := len(b.Build(time.Time{}).All()); n != 0 {
		t.Errorf("%d objects were taken in", n)
	}
}

func TestAddReplacesAndOrders(t *testing.T) {
	s := build(t,
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "b", Name: "p"}}, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "q"}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "p"}}, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "p"}, Spec: corev1.PodSpec{NodeName: "n"}},
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Namespace: "nonsense", Name: "fast"}},
	)
	var got []string
	for _, o := range s.All() {
		got = append(got, o.GetObjectKind().GroupVersionKind().Kind+" "+o.GetNamespace()+"/"+o.GetName())
	}
	if want := []string{"Pod a/p", "Pod a/q", "Pod b/p", "StorageClass /fast"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	v := s.View()
	if len(v.Pods("a")) != 2 || len(v.Pods("b")) != 1 || len(v.Pods("c")) != 0 || len(v.Pods("")) != 3 {
		t.Error("the listings by namespace are wrong")
	}
	if v.Pods("a")[0].Spec.NodeName != "n" {
		t.Error("the later object of a name does not replace the earlier one")
	}
	if v.StorageClass("fast") == nil || v.StorageClass("slow") != nil {
		t.Error("StorageClass")
	}
}

// Building once does not spend the builder: what is added later is in the next snapshot only.
func TestBuildAgain(t *testing.T) {
	b := NewBuilder()
	if err := b.Add(&corev1.Pod{ObjectMeta: named("p")}); err != nil {
		t.Fatal(err)
	}
	b.Seal(Pods, "", State{Status: Partial})
	first := b.Build(time.Unix(1, 0))
	if err := b.Add(&corev1.Pod{ObjectMeta: named("q")}); err != nil {
		t.Fatal(err)
	}
	b.Seal(Pods, "", State{Status: OK})
	second := b.Build(time.Unix(2, 0))
	if first.Count(Pods) != 1 || second.Count(Pods) != 2 || first.StateOf(Pods, "").Status != Partial || !first.Now().Equal(time.Unix(1, 0)) {
		t.Error("a snapshot changed after it was built")
	}
}

func TestViewPanicsOnUndeclared(t *testing.T) {
	s := build(t, &corev1.Pod{ObjectMeta: named("p")})
	for name, look := range map[string]func(*View){
		"a listing":      func(v *View) { v.Services("") },
		"a look-up":      func(v *View) { v.Secret("shop", "x") },
		"an absence":     func(v *View) { v.Absent(Secrets, "shop", "x") },
		"a completeness": func(v *View) { v.Complete(Nodes, "") },
		"a state":        func(v *View) { v.State(Nodes, "") },
		"a join":         func(v *View) { v.WorkloadOf(v.Pods("")[0]) },
		"the events":     func(v *View) { v.EventsOf("Pod", v.Pods("")[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			v := s.View(Pods)
			defer func() {
				if _, ok := recover().(UndeclaredError); !ok {
					t.Error("it does not panic with an UndeclaredError")
				}
			}()
			look(v)
		})
	}
	v := s.View(Pods, Services)
	v.Pods("")
	if got := v.Touched(); !slices.Equal(got, []Kind{Pods}) {
		t.Errorf("touched %v", got)
	}
}

func TestAbsent(t *testing.T) {
	ask := Ask{Secrets, "shop", "tls"}
	for name, c := range map[string]struct {
		seal func(*Builder)
		want Presence
		kind Kind
	}{
		"nothing was read":  {func(*Builder) {}, CannotTell, Services},
		"read to the end":   {func(b *Builder) { b.Seal(Services, "shop", State{Status: OK}) }, Absent, Services},
		"the whole cluster": {func(b *Builder) { b.Seal(Services, "", State{Status: OK}) }, Absent, Services},
		"this namespace is worse than the others": {func(b *Builder) {
			b.Seal(Services, "", State{Status: OK})
			b.Seal(Services, "shop", State{Status: Failed})
		}, CannotTell, Services},
		"another namespace":                 {func(b *Builder) { b.Seal(Services, "other", State{Status: OK}) }, CannotTell, Services},
		"partly read":                       {func(b *Builder) { b.Seal(Services, "shop", State{Status: Partial}) }, CannotTell, Services},
		"forbidden":                         {func(b *Builder) { b.Seal(Services, "shop", State{Status: Forbidden}) }, CannotTell, Services},
		"no such API":                       {func(b *Builder) { b.Seal(Services, "", State{Status: NotServed}) }, Absent, Services},
		"plain objects":                     {func(b *Builder) { b.Seal(Services, "shop", State{Status: OK, Assumed: true}) }, AbsentAssumed, Services},
		"a filtered listing proves nothing": {func(b *Builder) { b.Seal(Secrets, "shop", State{Status: OK}) }, CannotTell, Secrets},
		"plain objects are not filtered":    {func(b *Builder) { b.Seal(Secrets, "shop", State{Status: OK, Assumed: true}) }, AbsentAssumed, Secrets},
		"asked for, not there":              {func(b *Builder) { b.SealAsk(ask, State{Status: OK}) }, Absent, Secrets},
		"asked for, forbidden":              {func(b *Builder) { b.SealAsk(ask, State{Status: Forbidden}) }, CannotTell, Secrets},
		"asked for, failed, though listed":  {func(b *Builder) { b.SealAsk(ask, State{Status: Failed}); b.Seal(Secrets, "", State{Status: OK}) }, CannotTell, Secrets},
		"another was asked for":             {func(b *Builder) { b.SealAsk(Ask{Secrets, "shop", "other"}, State{Status: OK}) }, CannotTell, Secrets},
		"there, whatever was said of the listing": {func(b *Builder) {
			_ = b.Add(&corev1.Secret{ObjectMeta: named("tls")})
			b.Seal(Secrets, "", State{Status: Failed})
		}, Present, Secrets},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder()
			c.seal(b)
			if got := b.Build(time.Time{}).View(c.kind).Absent(c.kind, "shop", "tls"); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestSealedIsInOrder(t *testing.T) {
	b := NewBuilder()
	b.SealAsk(Ask{Secrets, "b", "x"}, State{Status: OK})
	b.Seal(Secrets, "b", State{Status: OK})
	b.Seal(Pods, "", State{Status: Forbidden, Reason: "no"})
	b.Seal(Secrets, "a", State{Status: Failed})
	var got []string
	for _, s := range b.Build(time.Time{}).Sealed() {
		got = append(got, string(s.Kind)+" "+s.Namespace+" "+s.Name+" "+string(s.State.Status))
	}
	if want := []string{"pods   forbidden", "secrets a  failed", "secrets b  ok", "secrets b x ok"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
