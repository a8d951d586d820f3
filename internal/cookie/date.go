package cookie

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// partsOfDate parse the tokens of a date by section 5.1.1 of RFC 6265, each once and in this order: a time, a day, a month and
// a year. They return nothing for a token of another kind.
var partsOfDate = [...]func(token string) []int{clockOf, numberOf(1, 2), monthOf, numberOf(2, 4)}

// parseDate parses a date by section 5.1.1, which has no time zones: all are UTC.
func parseDate(text string) (time.Time, bool) {
	var found [len(partsOfDate)][]int
	for token := range strings.FieldsFuncSeq(text, isDateDelimiter) {
		for i, read := range partsOfDate {
			if found[i] == nil {
				if found[i] = read(token); found[i] != nil {
					break
				}
			}
		}
	}
	parts := slices.Concat(found[:]...)
	if len(parts) != 6 {
		return time.Time{}, false
	}
	hour, minute, second, day, month, year := parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]
	switch {
	case year < 70:
		year += 2000
	case year < 100:
		year += 1900
	}
	date := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	isDay := hour < 24 && minute < 60 && second < 60 && date.Day() == day // there is no 30 February
	return date, isDay && year >= 1601
}

func isDateDelimiter(r rune) bool {
	return r == '\t' || r >= ' ' && r <= '/' || r >= ';' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// clockOf reads hours, minutes and seconds, which anything but a digit can follow.
func clockOf(token string) []int {
	var clock [3]int
	for i := range clock {
		n, rest, ok := leadingNumber(token, 1, 2)
		if !ok {
			return nil
		}
		clock[i] = n
		if token, ok = strings.CutPrefix(rest, ":"); !ok && i < 2 {
			return nil
		}
	}
	return clock[:]
}

// numberOf reads a number of least to most digits, which anything but a digit can follow.
func numberOf(least, most int) func(token string) []int {
	return func(token string) []int {
		if n, _, ok := leadingNumber(token, least, most); ok {
			return []int{n}
		}
		return nil
	}
}

func leadingNumber(token string, least, most int) (n int, rest string, ok bool) {
	rest = strings.TrimLeft(token, "0123456789")
	digits := token[:len(token)-len(rest)]
	if len(digits) < least || len(digits) > most {
		return 0, token, false
	}
	n, err := strconv.Atoi(digits)
	return n, rest, err == nil
}

// monthOf reads the English name of a month, of which three letters count.
func monthOf(token string) []int {
	for month := time.January; month <= time.December; month++ {
		if name := month.String()[:3]; len(token) >= len(name) && strings.EqualFold(token[:len(name)], name) {
			return []int{int(month)}
		}
	}
	return nil
}
