package recording

// This file finds the clock of plain objects: the newest timestamp that a server wrote. Counted are, of objects that carry a server's
// marks, the creation, the times in the status, those of managed fields, and all times of events. Not counted are times that may lie
// ahead: of deletion (it has the grace period in it), of certificates' ends and renewals (they are in kinds and texts that are not looked
// at), whatever stands in a spec; and whatever is later than Limits.Latest, so that one absurd timestamp does not move the clock.

import (
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// newestBefore returns the newest of a time and those of an object, leaving out what is later than latest. A zero latest allows all.
func newestBefore(o snapshot.Object, newest, latest time.Time) time.Time {
	see := func(t time.Time) {
		if t.After(newest) && (latest.IsZero() || !t.After(latest)) {
			newest = t
		}
	}
	see(o.GetCreationTimestamp().Time)
	for _, f := range o.GetManagedFields() {
		if f.Time != nil {
			see(f.Time.Time)
		}
	}
	if e, ok := o.(*corev1.Event); ok {
		see(e.FirstTimestamp.Time)
		see(e.LastTimestamp.Time)
		see(e.EventTime.Time)
		if e.Series != nil {
			see(e.Series.LastObservedTime.Time)
		}
		return newest
	}
	if status := reflect.ValueOf(o).Elem().FieldByName("Status"); status.IsValid() {
		times(status, see)
	}
	return newest
}

// times calls see with each timestamp in a value.
func times(v reflect.Value, see func(time.Time)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			times(v.Elem(), see)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if k := v.Type().Elem().Kind(); k != reflect.Struct && k != reflect.Pointer {
				return
			}
			times(v.Index(i), see)
		}
	case reflect.Struct:
		switch t := v.Interface().(type) {
		case metav1.Time:
			see(t.Time)
		case metav1.MicroTime:
			see(t.Time)
		default:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					times(v.Field(i), see)
				}
			}
		}
	}
}
