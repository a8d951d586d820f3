package partnertest

import (
	"container/list"
	"iter"
	"reflect"
	"time"
)

// maxKept is the approximate size of all records of a fake in bytes. It keeps a client from filling the machine's
// memory.
const maxKept = 384 << 20

// records are the records of one kind, in the order of creation.
type records[K comparable, T any] struct {
	kept    *int // the size of the records of all kinds
	byKey   map[K]*list.Element
	inOrder *list.List // of *record[K, T]
}

type record[K comparable, T any] struct {
	key   K
	value T
	size  int
}

func newRecords[K comparable, T any](kept *int) *records[K, T] {
	return &records[K, T]{kept, make(map[K]*list.Element), list.New()}
}

func (rs *records[K, T]) len() int { return rs.inOrder.Len() }

func (rs *records[K, T]) has(key K) bool { return rs.byKey[key] != nil }

func (rs *records[K, T]) get(key K) (value T, ok bool) {
	if e := rs.byKey[key]; e != nil {
		return recordOf[K, T](e).value, true
	}
	return value, false
}

// put adds a record, or replaces it in its place. If the records of all kinds become too large together, it removes the
// oldest records of this kind and returns them.
func (rs *records[K, T]) put(key K, value T) (gone []T) {
	r := &record[K, T]{key, value, recordSize + sizeOf(reflect.ValueOf(value))}
	*rs.kept += r.size
	if e := rs.byKey[key]; e != nil {
		*rs.kept -= recordOf[K, T](e).size
		e.Value = r
	} else {
		rs.byKey[key] = rs.inOrder.PushBack(r)
	}
	for oldest := recordOf[K, T](rs.inOrder.Front()); *rs.kept > maxKept && oldest.key != key; oldest = recordOf[K, T](rs.inOrder.Front()) {
		gone = append(gone, oldest.value)
		rs.remove(oldest.key)
	}
	return gone
}

func (rs *records[K, T]) remove(key K) {
	if e := rs.byKey[key]; e != nil {
		*rs.kept -= recordOf[K, T](e).size
		rs.inOrder.Remove(e)
		delete(rs.byKey, key)
	}
}

func (rs *records[K, T]) clear() {
	for key := range rs.byKey {
		rs.remove(key)
	}
}

func (rs *records[K, T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for e := rs.inOrder.Front(); e != nil; e = e.Next() {
			if !yield(recordOf[K, T](e).value) {
				return
			}
		}
	}
}

func recordOf[K comparable, T any](e *list.Element) *record[K, T] {
	return e.Value.(*record[K, T]) //nolint:forcetypeassert // the list holds only this type
}

// recordSize is the approximate overhead of a record.
const recordSize = 200

// sizeOf returns the approximate size of a value in bytes, mainly that of its strings.
func sizeOf(v reflect.Value) int {
	size := 0
	switch v.Kind() {
	case reflect.String:
		return v.Len() + int(v.Type().Size())
	case reflect.Pointer:
		if !v.IsNil() {
			size = sizeOf(v.Elem())
		}
		return size + int(v.Type().Size())
	case reflect.Slice:
		for i := range v.Len() {
			size += sizeOf(v.Index(i))
		}
		return size + int(v.Type().Size())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return int(v.Type().Size()) // its target is shared
		}
		for i := range v.NumField() {
			size += sizeOf(v.Field(i))
		}
		return size
	default:
		return int(v.Type().Size())
	}
}
