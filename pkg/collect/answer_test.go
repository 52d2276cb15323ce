package collect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	"github.com/kubectl-scars/kubectl-scars/pkg/collect/apitest"
	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// TestDecodedIsACopy: what was read into is used again while the objects are still looked at.
func TestDecodedIsACopy(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	page := &corev1.PodList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1000", Continue: "next"},
		Items: []corev1.Pod{{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: "web", Labels: map[string]string{"app": "web"},
				ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet", FieldsV1: metav1.NewFieldsV1(`{"f:status":{}}`)}},
			},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "registry.example/web:1.0", Command: []string{"/web"}}}},
		}},
	}
	for contentType, encode := range map[string]func(*bytes.Buffer) error{
		runtime.ContentTypeJSON: func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(page) },
		runtime.ContentTypeProtobuf: func(b *bytes.Buffer) error {
			return protobuf.NewSerializer(snapshot.Scheme(), snapshot.Scheme()).Encode(page, b)
		},
	} {
		decode := func(b *bytes.Buffer) runtime.Object {
			if err := encode(b); err != nil {
				t.Fatal(err)
			}
			o, err := c.decode(contentType, corev1.SchemeGroupVersion, b.Bytes())
			if err != nil {
				t.Fatalf("%s: %v", contentType, err)
			}
			return o
		}
		var used bytes.Buffer
		want, got := decode(&bytes.Buffer{}), decode(&used)
		for i := range used.Bytes() {
			used.Bytes()[i] = '!'
		}
		if list, ok := got.(*corev1.PodList); !ok || len(list.Items) != 1 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v changed with the bytes it was decoded from, %+v", contentType, got, want)
		}
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

// TestLongListings: while much is left, pages are larger.
func TestLongListings(t *testing.T) {
	for left, want := range map[int]int64{0: 250, 20_000: 250, 25_000: 250, 30_000: 300, 50_000: 500, MaxObjects: 500} {
		if got := Page(left); got != want {
			t.Errorf("%d left: pages of %d, want %d", left, got, want)
		}
	}
	server, c, _ := start(t, apitest.Options{Objects: pods("shop", 30_000)})
	c.most = 2 * PageSize // the third page is one too many
	if s, err := read(t, c, "", snapshot.Pods); err != nil {
		t.Fatal(err)
	} else if n := len(s.View(snapshot.Pods).Pods("")); n != PageSize+297 {
		t.Errorf("%d pods were read", n)
	}
	var limits []string
	for _, r := range server.Requests() {
		q, err := url.ParseQuery(r.Query)
		if err != nil {
			t.Fatal(err)
		}
		limits = append(limits, q.Get("limit"))
	}
	if want := []string{"250", "297"}; !slices.Equal(limits, want) {
		t.Errorf("asked for %v, want %v", limits, want)
	}
}

// TestOddAnswers: without a content type an answer is protobuf; one that is cut off, or of a kind that nobody knows, is no API object.
func TestOddAnswers(t *testing.T) {
	_, c, _ := start(t, apitest.Options{})
	var good bytes.Buffer
	if err := protobuf.NewSerializer(snapshot.Scheme(), snapshot.Scheme()).Encode(&corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
	}, &good); err != nil {
		t.Fatal(err)
	}
	unknown := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Unheard"}, Raw: []byte("x")}
	strange, err := unknown.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		contentType string
		body        []byte
		ok          bool
	}{
		"no content type":         {"", good.Bytes(), true},
		"with parameters":         {runtime.ContentTypeProtobuf + "; charset=utf-8", good.Bytes(), true},
		"cut off in the envelope": {runtime.ContentTypeProtobuf, good.Bytes()[:6], false},
		"cut off in the object":   {runtime.ContentTypeProtobuf, good.Bytes()[:good.Len()-8], false},
		"an envelope alone":       {runtime.ContentTypeProtobuf, []byte(envelope), false},
		"of an unknown kind":      {runtime.ContentTypeProtobuf, append([]byte(envelope), strange...), false},
		"nothing":                 {runtime.ContentTypeProtobuf, nil, false},
		"a login page":            {"text/html", []byte("<html>"), false},
		"no media type":           {"/;", good.Bytes(), false},
	} {
		if o, err := c.decode(tc.contentType, corev1.SchemeGroupVersion, tc.body); (err == nil) != tc.ok {
			t.Errorf("%s: %v, %v", name, o, err)
		}
	}
}

// TestLargeObjects: a page that is too long for one answer is asked for again in small, and no more are larger.
func TestLargeObjects(t *testing.T) {
	var limits []string
	large := on(allPods, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		limit := r.URL.Query().Get("limit")
		limits = append(limits, limit)
		if limit == strconv.Itoa(PageSize) {
			return false
		}
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return true // the client has had enough
			}
		}
	})
	_, c, _ := start(t, apitest.Options{Objects: pods("shop", 26_000), Fault: large})
	c.most = 3 * PageSize
	s, err := read(t, c, "", snapshot.Pods)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.View(snapshot.Pods).Pods("")); n != 3*PageSize {
		t.Errorf("%d pods were read", n)
	}
	if want := []string{"250", "257", "250", "250"}; !slices.Equal(limits, want) {
		t.Errorf("asked for %v, want %v", limits, want)
	}
}

// FuzzOpen: an envelope that is opened is opened as the library opens it, which copies what is in it. The library lets pass field numbers that
// protobuf does not have.
func FuzzOpen(f *testing.F) {
	for _, u := range []runtime.Unknown{
		{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Raw: []byte("\n\x00\x12\x00"), ContentType: runtime.ContentTypeProtobuf},
		{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Status"}, ContentEncoding: "gzip"},
	} {
		b, err := u.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, b...))
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var want runtime.Unknown
		wantErr := want.Unmarshal(data)
		got, err := open(append([]byte(envelope), data...))
		if err == nil && (wantErr != nil || !bytes.Equal(got.Raw, want.Raw) || got.TypeMeta != want.TypeMeta) {
			t.Errorf("%v, want %v, %v", got, want, wantErr)
		}
	})
}
