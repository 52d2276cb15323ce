package apitest

// What the server answers: lists, objects, errors.

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/version"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

func (s *Server) get(w http.ResponseWriter, r *http.Request, path string) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if path == "/version" {
		writeJSON(w, http.StatusOK, version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.2"})
		return
	}
	if found := s.discovery(segments); found != nil {
		writeJSON(w, http.StatusOK, found)
		return
	}
	gv, rest := "v1", segments[min(2, len(segments)):]
	if segments[0] == "apis" && len(segments) > 3 {
		gv, rest = segments[1]+"/"+segments[2], segments[3:]
	}
	namespace := ""
	if len(rest) > 2 && rest[0] == "namespaces" {
		namespace, rest = rest[1], rest[2:]
	}
	for _, res := range s.resources() {
		if len(rest) == 0 || res.GroupVersion != gv || res.Name != rest[0] {
			continue
		}
		switch len(rest) {
		case 1:
			s.list(w, r, res, namespace)
			return
		case 2:
			s.one(w, r, res, namespace, rest[1])
			return
		}
	}
	http.NotFound(w, r)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, res resource, namespace string) {
	q := r.URL.Query()
	selector, err := fields.ParseSelector(q.Get("fieldSelector"))
	if err != nil {
		Fail(w, http.StatusBadRequest, "BadRequest")
		return
	}
	labelled, err := labels.Parse(q.Get("labelSelector"))
	if err != nil {
		Fail(w, http.StatusBadRequest, "BadRequest")
		return
	}
	var found []runtime.Object
	for _, o := range s.o.Objects {
		if o.GetObjectKind().GroupVersionKind() == res.gvk && labelled.Matches(labels.Set(o.GetLabels())) && (namespace == "" || o.GetNamespace() == namespace) && selector.Matches(fieldsOf(o)) {
			found = append(found, o)
		}
	}
	limit, _ := strconv.Atoi(q.Get("limit"))
	if s.o.Page > 0 {
		limit = s.o.Page
	}
	from, _ := strconv.Atoi(q.Get("continue"))
	next := ""
	var left *int64 // as an API server says it, but never with a selector
	found = found[min(from, len(found)):]
	if limit > 0 && len(found) > limit {
		if selector.Empty() && labelled.Empty() {
			left = new(int64(len(found) - limit))
		}
		found, next = found[:limit], strconv.Itoa(from+limit)
	}
	list, err := newList(res, found)
	if err != nil {
		panic(err)
	}
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		panic(err)
	}
	accessor.SetContinue(next)
	accessor.SetRemainingItemCount(left)
	accessor.SetResourceVersion("1000")
	s.write(w, r, list)
}

func newList(res resource, items []runtime.Object) (runtime.Object, error) {
	gvk := res.gvk.GroupVersion().WithKind(res.gvk.Kind + "List")
	list, err := snapshot.Scheme().New(gvk)
	if err != nil {
		list = &unstructured.UnstructuredList{Object: map[string]any{}}
	}
	list.GetObjectKind().SetGroupVersionKind(gvk)
	return list, meta.SetList(list, items)
}

func (s *Server) one(w http.ResponseWriter, r *http.Request, res resource, namespace, name string) {
	i := slices.IndexFunc(s.o.Objects, func(o Object) bool {
		return o.GetObjectKind().GroupVersionKind() == res.gvk && o.GetNamespace() == namespace && o.GetName() == name
	})
	if i < 0 {
		writeJSON(w, http.StatusNotFound, metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound,
			Code: http.StatusNotFound, Message: fmt.Sprintf("%s %q not found", res.Name, name),
			Details: &metav1.StatusDetails{Kind: res.Name, Group: res.gvk.Group, Name: name},
		})
		return
	}
	s.write(w, r, s.o.Objects[i].DeepCopyObject()) // encoding writes into it, and others read it meanwhile
}

// fieldsOf gives the fields that selectors are made of here (kubernetes v1.37.2 pkg/registry/core, ToSelectableFields).
func fieldsOf(o Object) fields.Set {
	set := fields.Set{"metadata.name": o.GetName(), "metadata.namespace": o.GetNamespace()}
	switch o := o.(type) {
	case *corev1.Secret:
		set["type"] = string(o.Type)
	case *corev1.Event:
		set["reason"], set["involvedObject.kind"], set["involvedObject.namespace"] = o.Reason, o.InvolvedObject.Kind, o.InvolvedObject.Namespace
	}
	return set
}

// write encodes an object in the first format that the client accepts.
func (s *Server) write(w http.ResponseWriter, r *http.Request, o runtime.Object) {
	gv := o.GetObjectKind().GroupVersionKind().GroupVersion()
	if !strings.HasPrefix(r.Header.Get("Accept"), runtime.ContentTypeProtobuf) || s.o.JSONOnly || !snapshot.Scheme().IsGroupRegistered(gv.Group) {
		writeJSON(w, http.StatusOK, o)
		return
	}
	codecs := serializer.NewCodecFactory(snapshot.Scheme())
	info, _ := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	out, err := runtime.Encode(codecs.EncoderForVersion(info.Serializer, gv), o)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
	_, _ = w.Write(out)
}

// Fail answers with an error as the API server words it.
func Fail(w http.ResponseWriter, code int, reason metav1.StatusReason) {
	writeJSON(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason,
		Message: strings.ToLower(http.StatusText(code)),
	})
}

// Expired answers that a continue token has expired, with a token to go on with or without one.
func Expired(w http.ResponseWriter, next string) {
	writeJSON(w, http.StatusGone, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, ListMeta: metav1.ListMeta{Continue: next}, Status: metav1.StatusFailure,
		Code: http.StatusGone, Reason: metav1.StatusReasonExpired, Message: "The provided continue parameter is too old",
	})
}

// Endless answers with an empty page after which there is always another one.
func Endless(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	list := metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []metav1.PartialObjectMetadata{}}
	list.Continue = strconv.Itoa(n + 1)
	writeJSON(w, http.StatusOK, list)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	w.WriteHeader(code)
	_, _ = w.Write(out)
}
