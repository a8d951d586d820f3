// Package sqlvalue reads points in time that database drivers return for a column.
package sqlvalue

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// layouts are the texts of times that databases write. A text without an offset is in UTC.
var layouts = []string{
	time.DateOnly, time.DateTime, time.DateTime + "Z07:00", time.DateTime + "Z07", time.RFC3339, "2006-01-02T15:04:05",
}

var errNotTime = errors.New("a text that is neither a date nor a time")

// Time reads a time, Unix seconds or a text. The time is in UTC. isNull reports that src is nil, an empty text, or the zero
// time that drivers return for an empty date. The error contains the type of src, never its value.
func Time(src any) (at time.Time, isNull bool, err error) {
	switch src := src.(type) {
	case nil:
		return time.Time{}, true, nil
	case time.Time:
		return src.UTC(), src.IsZero(), nil
	case int64:
		return time.Unix(src, 0).UTC(), false, nil
	case []byte:
		return parse(string(src))
	case string:
		return parse(src)
	default:
		return time.Time{}, false, fmt.Errorf("a %T is neither a time nor text, int64 or NULL", src)
	}
}

func parse(text string) (at time.Time, isNull bool, err error) {
	if text == "" {
		return time.Time{}, true, nil
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), false, nil
		}
	}
	return time.Time{}, false, errNotTime
}

// Number returns an integer in a text as an int64, and any other src as it is.
func Number(src any) any {
	var text string
	switch src := src.(type) {
	case []byte:
		text = string(src)
	case string:
		text = src
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return src
}
