package collect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/encoding/protowire"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// decoded is what an answer holds: a list's items by themselves.
func decoded(c *Client, contentType string, body io.Reader) (runtime.Object, []runtime.Object, error) {
	var items []runtime.Object
	o, err := c.decode(contentType, snapshot.Info{GVK: corev1.SchemeGroupVersion.WithKind("Pod"), Managed: true}, body, func(item runtime.Object) error {
		items = append(items, copied(item))
		return nil
	})
	return o, items, err
}

// copied is an item that lasts.
func copied(o runtime.Object) runtime.Object {
	last := reflect.New(reflect.TypeOf(o).Elem())
	last.Elem().Set(reflect.ValueOf(o).Elem())
	return last.Interface().(runtime.Object)
}

func inProtobuf(tb testing.TB, o runtime.Object) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := protobuf.NewSerializer(snapshot.Scheme(), snapshot.Scheme()).Encode(o, &b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestDecodedAsItComes: whatever arrives at a time, each item is as it was sent, also after the next has been read into the same memory.
func TestDecodedAsItComes(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	sent := &corev1.PodList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1000", Continue: "next", RemainingItemCount: new(int64(7))},
	}
	for _, name := range []string{"web", "api", strings.Repeat("long", 50_000)} {
		sent.Items = append(sent.Items, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: name, Labels: map[string]string{"app": name},
				ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet", FieldsV1: metav1.NewFieldsV1(`{"f:status":{"` + name + `":{}}}`)}},
			},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: "registry.example/web:1.0", Command: []string{"/" + name}}}},
		})
	}
	asJSON, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	for contentType, body := range map[string][]byte{runtime.ContentTypeJSON: asJSON, runtime.ContentTypeProtobuf: inProtobuf(t, sent)} {
		for how, from := range map[string]io.Reader{"at once": bytes.NewReader(body), "byte by byte": iotest.OneByteReader(bytes.NewReader(body)), "the end with the last": iotest.DataErrReader(bytes.NewReader(body))} {
			list, items, err := decoded(c, contentType, from)
			if err != nil {
				t.Fatalf("%s %s: %v", contentType, how, err)
			}
			if got, ok := list.(*corev1.PodList); !ok || !reflect.DeepEqual(got.ListMeta, sent.ListMeta) || len(items) != len(sent.Items) {
				t.Errorf("%s %s: %d items of %#v", contentType, how, len(items), list)
			}
			for i, o := range items {
				if !equality.Semantic.DeepEqual(o, &sent.Items[i]) {
					t.Errorf("%s %s: item %d is %.200v", contentType, how, i, o)
				}
			}
		}
	}
}

// TestManagedFieldsAreNotDecoded: but for kinds of which they are looked at. All else is as it was sent, however long.
func TestManagedFieldsAreNotDecoded(t *testing.T) {
	for _, long := range []int{0, 1, 100, 10_000} {
		pod := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: "web", Annotations: map[string]string{"long": strings.Repeat("x", long)},
				ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet"}, {Manager: "kubectl", FieldsV1: metav1.NewFieldsV1(`{"f:status":{}}`)}},
			},
			Spec: corev1.PodSpec{NodeName: "node-1"},
		}
		body := inProtobuf(t, &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{pod, {}, pod}})
		for managed, want := range map[bool]int{true: 2, false: 0} {
			var items []runtime.Object
			if _, err := fromProtobuf(bytes.NewReader(body), managed, func(o runtime.Object) error {
				items = append(items, copied(o))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{0, 2} {
				got := items[i].(*corev1.Pod)
				if len(got.ManagedFields) != want {
					t.Errorf("%v: %d managed fields, want %d", managed, len(got.ManagedFields), want)
				}
				if got.ManagedFields = pod.ManagedFields; !equality.Semantic.DeepEqual(got, &pod) {
					t.Errorf("%v: %.300v", managed, got)
				}
			}
		}
	}
}

// TestManagersAreRead: what the managed fields of a workload tell comes through.
func TestManagersAreRead(t *testing.T) {
	_, c, _ := start(t, apitest.Options{Objects: []apitest.Object{&appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "argocd-controller", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:template":{"f:spec":{}}}}`)},
		}},
	}}})
	s, err := read(t, c, "", snapshot.Deployments)
	if err != nil {
		t.Fatal(err)
	}
	if got := snapshot.TemplateManagers(s.View(snapshot.Deployments).Deployment("shop", "web")); !slices.Equal(got, []string{"argocd-controller"}) {
		t.Errorf("managers %q", got)
	}
}

// TestProgress: a page at a time, and how much is left where the server says so, which it does not of what is selected.
func TestProgress(t *testing.T) {
	_, c, _ := start(t, apitest.Options{Objects: slices.Concat(pods("shop", 5), pods("cart", 3), []apitest.Object{event("shop", "Pod", "Killing"), event("shop", "Pod", "Evicted"), event("shop", "Pod", "Failed")}), Page: 2})
	var mu sync.Mutex
	told := map[snapshot.Kind][]string{}
	plan := Plan{Kinds: infos(t, snapshot.Pods, snapshot.Events), Progress: func(k snapshot.Kind, read, left int) {
		mu.Lock()
		defer mu.Unlock()
		told[k] = append(told[k], fmt.Sprintf("%d+%d", read, left))
	}}
	if err := c.Listings(t.Context(), plan, snapshot.NewBuilder()); err != nil {
		t.Fatal(err)
	}
	if want := map[snapshot.Kind][]string{snapshot.Pods: {"2+6", "4+4", "6+2", "8+0", "8+0"}, snapshot.Events: {"2+0", "3+0", "3+0"}}; !reflect.DeepEqual(told, want) {
		t.Errorf("everywhere: %v, want %v", told, want)
	}
	told, plan.Namespaces = map[snapshot.Kind][]string{}, []string{"shop", "cart"}
	if err := c.Listings(t.Context(), plan, snapshot.NewBuilder()); err != nil {
		t.Fatal(err)
	}
	if all := told[snapshot.Pods]; len(all) != 7 || all[6] != "8+0" {
		t.Errorf("two namespaces: %v, want five pages, two ends and 8 pods", all)
	}
}

// TestOddAnswers: without a content type an answer is protobuf; one that is cut off, or of a kind that nobody knows, is no API object.
func TestOddAnswers(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	pod := corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
	good := inProtobuf(t, &pod)
	list := inProtobuf(t, &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{pod, pod}})
	unknown := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Unheard"}, Raw: []byte("x")}
	strange, err := unknown.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	huge := append([]byte(envelope), "\n\r\n\x02v1\x12\x07PodList\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x12\xff\xff\xff\xff\xff\xff\xff\x7f"...)
	for name, tc := range map[string]struct {
		contentType string
		body        []byte
		ok          bool
	}{
		"no content type":         {"", good, true},
		"with parameters":         {runtime.ContentTypeProtobuf + "; charset=utf-8", good, true},
		"cut off in the envelope": {runtime.ContentTypeProtobuf, good[:6], false},
		"cut off in the object":   {runtime.ContentTypeProtobuf, good[:len(good)-8], false},
		"cut off in an item":      {runtime.ContentTypeProtobuf, list[:len(list)-20], false},
		"of any length":           {runtime.ContentTypeProtobuf, huge, false},
		"twice":                   {runtime.ContentTypeProtobuf, append(bytes.Clone(list), list[len(envelope):]...), false},
		"with something after it": {runtime.ContentTypeProtobuf, append(bytes.Clone(list), 0xff), false},
		"an envelope alone":       {runtime.ContentTypeProtobuf, []byte(envelope), false},
		"of an unknown kind":      {runtime.ContentTypeProtobuf, append([]byte(envelope), strange...), false},
		"nothing":                 {runtime.ContentTypeProtobuf, nil, false},
		"a login page":            {"text/html", []byte("<html>"), false},
		"no media type":           {"/;", good, false},
	} {
		if o, _, err := decoded(c, tc.contentType, bytes.NewReader(tc.body)); (err == nil) != tc.ok {
			t.Errorf("%s: %v, %v", name, o, err)
		}
	}
}

// TestLargeObjects: a page that is too long for one answer is asked for again in small, and so is what follows.
func TestLargeObjects(t *testing.T) {
	var limits []string
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Annotations: map[string]string{"large": strings.Repeat("x", 1<<20)}}}
	object, err := pod.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	item := protowire.AppendBytes(protowire.AppendTag(nil, itemsField, protowire.BytesType), object)
	large := on(allPods, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		limit := r.URL.Query().Get("limit")
		limits = append(limits, limit)
		if len(limits) != 2 {
			return false
		}
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
		_, err := io.WriteString(w, envelope+"\n\r\n\x02v1\x12\x07PodList\x12\xff\xff\xff\xff\xff\x7f")
		for err == nil { // until the client has had enough
			_, err = w.Write(item)
		}
		return true
	})
	_, c, _ := start(t, apitest.Options{Objects: pods("shop", 3*PageSize), Fault: large})
	c.most = PageSize + 3*smallPage
	s, err := read(t, c, "", snapshot.Pods)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.View(snapshot.Pods).Pods("")); n != PageSize+3*smallPage {
		t.Errorf("%d pods were read", n)
	}
	if want := []string{"500", "500", "100", "100", "100"}; !slices.Equal(limits, want) {
		t.Errorf("asked for %v, want %v", limits, want)
	}
}

// FuzzProtobuf: what is decoded as it comes is what the library makes of the whole.
func FuzzProtobuf(f *testing.F) {
	pod := corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
	for _, o := range []runtime.Object{
		&pod, &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, ListMeta: metav1.ListMeta{Continue: "next"}, Items: []corev1.Pod{pod, pod}},
		&corev1.EventList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "EventList"}, Items: []corev1.Event{{Reason: "Killing"}}},
		&metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Reason: "Expired"},
	} {
		b := inProtobuf(f, o)
		f.Add(b)
		f.Add(append(bytes.Clone(b), b[len(envelope):]...))
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var items []runtime.Object
		got, err := fromProtobuf(bytes.NewReader(data), true, func(o runtime.Object) error {
			items = append(items, copied(o))
			return nil
		})
		if err != nil {
			return
		}
		i := 0
		if _, err := fromProtobuf(bytes.NewReader(data), false, func(o runtime.Object) error {
			without, err := meta.Accessor(o)
			if err != nil {
				return err
			}
			with, err := meta.Accessor(copied(items[i]))
			if err != nil {
				return err
			}
			without.SetManagedFields(nil)
			with.SetManagedFields(nil)
			if i++; !reflect.DeepEqual(without, with) {
				t.Errorf("without managed fields item %d is %v, not %v", i-1, without, with)
			}
			return nil
		}); err != nil || i != len(items) {
			t.Errorf("without managed fields %d items of %d, %v", i, len(items), err)
		}
		var whole runtime.Unknown
		if whole.Unmarshal(data[len(envelope):]) != nil {
			return // the library is stricter with fields that nobody reads
		}
		want, err := newObject(schema.FromAPIVersionAndKind(whole.APIVersion, whole.Kind))
		if err != nil {
			t.Fatal(err)
		}
		if want.Unmarshal(whole.Raw) != nil {
			return
		}
		if meta.IsListType(want) {
			all, err := meta.ExtractList(want)
			if err != nil || len(all) != len(items) {
				t.Fatalf("%d items, want %d, %v", len(items), len(all), err)
			}
			for i := range all {
				if !reflect.DeepEqual(items[i], all[i]) {
					t.Errorf("item %d is %v, want %v", i, items[i], all[i])
				}
			}
			if err := meta.SetList(want, nil); err != nil {
				t.Fatal(err)
			}
		}
		if !equality.Semantic.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}
