package collect

// Answers in protobuf, decoded as they come: an item of a list is trimmed before the next is read, so that neither a page's bytes nor its decoded
// form are ever held. With four pages in flight these would be 30 MB.

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-scars/kubectl-scars/pkg/snapshot"
)

// envelope begins what is encoded in protobuf (kubernetes v1.37.2 apimachinery/pkg/runtime/serializer/protobuf). A runtime.Unknown follows, with
// the object's type and then its own bytes (apimachinery/pkg/runtime/generated.proto). All lists have their items in one field, all objects their
// metadata, and these the managed fields (apimachinery/pkg/apis/meta/v1/generated.proto).
const (
	envelope      = "k8s\x00"
	typeField     = 1
	rawField      = 2
	itemsField    = 2
	metadataField = 1
	managedField  = 17
)

// fromProtobuf decodes an answer to its end. The items of a list are given to add, each good until the next, and are not in the list that is
// returned. Where managed is false they are without managed fields.
func fromProtobuf(from io.Reader, managed bool, add func(runtime.Object) error) (object runtime.Object, err error) {
	d := decoder{managed: managed, add: add}
	outer := &message{from: bufio.NewReaderSize(from, 32<<10), left: math.MaxInt64}
	begin := make([]byte, len(envelope))
	if _, err := io.ReadFull(outer, begin); err != nil {
		return nil, cut(err)
	}
	if string(begin) != envelope {
		return nil, errors.New("no protobuf of Kubernetes")
	}
	var kind runtime.TypeMeta
	for {
		number, size, err := outer.field()
		switch {
		case errors.Is(err, io.EOF) && object != nil:
			return object, nil
		case err != nil:
			return nil, cut(err)
		case number == typeField && object == nil:
			var data []byte
			if data, err = d.bytes(outer, size); err == nil {
				err = kind.Unmarshal(data)
			}
		case number == rawField && object == nil && kind.Kind != "":
			object, err = d.object(&message{from: outer, left: size}, schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind))
		case number == rawField || number == typeField:
			err = errors.New("an object without its type, or more than one")
		default:
			_, err = d.bytes(outer, size)
		}
		if err != nil {
			return nil, err
		}
	}
}

// decoder decodes one answer.
type decoder struct {
	buffer  bytes.Buffer // what is being decoded; decoders copy what they keep of it
	kept    []byte       // metadata without managed fields
	managed bool
	add     func(runtime.Object) error
}

// unmarshaler is what every type of Kubernetes is that has a form in protobuf.
type unmarshaler interface {
	runtime.Object
	Reset()
	Unmarshal(data []byte) error
}

func newObject(gvk schema.GroupVersionKind) (unmarshaler, error) {
	o, err := snapshot.Scheme().New(gvk)
	if err != nil {
		return nil, err
	}
	u, ok := o.(unmarshaler)
	if !ok {
		return nil, fmt.Errorf("%T has no form in protobuf", o)
	}
	return u, nil
}

// object decodes one, and a list item by item.
func (d *decoder) object(m *message, gvk schema.GroupVersionKind) (runtime.Object, error) {
	o, err := newObject(gvk)
	if err != nil {
		return nil, err
	}
	if !meta.IsListType(o) {
		data, err := d.bytes(m, m.left)
		if err != nil {
			return nil, err
		}
		return o, o.Unmarshal(data)
	}
	item, err := newObject(gvk.GroupVersion().WithKind(strings.TrimSuffix(gvk.Kind, "List")))
	if err != nil {
		return nil, err
	}
	var rest []byte // all but the items
	for {
		number, size, err := m.field()
		if errors.Is(err, io.EOF) && m.left == 0 {
			return o, o.Unmarshal(rest)
		} else if err != nil {
			return nil, cut(err)
		}
		data, err := d.bytes(m, size)
		if err != nil {
			return nil, err
		}
		if number != itemsField {
			rest = protowire.AppendBytes(protowire.AppendTag(rest, number, protowire.BytesType), data)
			continue
		}
		if !d.managed {
			data = d.unmanaged(data)
		}
		item.Reset()
		if err := item.Unmarshal(data); err != nil {
			return nil, err
		}
		if err := d.add(item); err != nil {
			return nil, err
		}
	}
}

// unmanaged is an object without its managed fields, in the same memory; what cannot be read so is left for the decoder to refuse.
func (d *decoder) unmanaged(object []byte) []byte {
	number, kind, n := protowire.ConsumeTag(object)
	if number != metadataField || kind != protowire.BytesType {
		return object // the generated code writes fields in their order
	}
	metadata, size := protowire.ConsumeBytes(object[n:])
	if size < 0 {
		return object
	}
	spec := object[n+size:]
	d.kept = d.kept[:0]
	for len(metadata) > 0 {
		number, _, n := protowire.ConsumeField(metadata)
		if n < 0 {
			return object
		}
		if number != managedField {
			d.kept = append(d.kept, metadata[:n]...)
		}
		metadata = metadata[n:]
	}
	// It is shorter by now, or as long, so that nothing is written over before it is read.
	out := protowire.AppendBytes(protowire.AppendTag(object[:0], metadataField, protowire.BytesType), d.kept)
	return append(out, spec...)
}

// bytes reads so many, which are good until the next are read. However many are announced, memory is taken for those that come.
func (d *decoder) bytes(from io.Reader, size int64) ([]byte, error) {
	d.buffer.Reset()
	d.buffer.Grow(int(min(size, 1<<20)) + bytes.MinRead) // it wants that much room to find the end
	if _, err := io.CopyN(&d.buffer, from, size); err != nil {
		return nil, cut(err)
	}
	return d.buffer.Bytes(), nil
}

// cut is an end where there should be more.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// message is a protobuf message that is read field by field.
type message struct {
	from byteReader
	left int64 // bytes
}

type byteReader interface {
	io.Reader
	io.ByteReader
}

func (m *message) Read(p []byte) (int, error) {
	if m.left == 0 {
		return 0, io.EOF
	}
	n, err := m.from.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}

func (m *message) ReadByte() (byte, error) {
	if m.left == 0 {
		return 0, io.EOF
	}
	b, err := m.from.ReadByte()
	if err == nil {
		m.left--
	}
	return b, err
}

// field gives the number of the next field and how many bytes it has; io.EOF where the message ends, or what it lies in. No envelope and no list
// has fields of other types than bytes.
func (m *message) field() (protowire.Number, int64, error) {
	tag, err := binary.ReadUvarint(m)
	if err != nil {
		return 0, 0, err
	}
	number, kind := protowire.DecodeTag(tag)
	if number < protowire.MinValidNumber || kind != protowire.BytesType {
		return 0, 0, fmt.Errorf("field %d of type %d", number, kind)
	}
	size, err := binary.ReadUvarint(m)
	if err != nil {
		return 0, 0, cut(err)
	}
	if size > uint64(m.left) {
		return 0, 0, errors.New("a field that is longer than what it lies in")
	}
	return number, int64(size), nil
}
