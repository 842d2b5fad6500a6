package records

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/logging"
	"wcme/acmecore/store"
)

// place is between two lines of the log.
type place struct {
	file   int // in the files that were opened
	offset int64
}

// signed is how much of a file, before a place in it, its mark is made of.
const signed = 64

// cursor names a place for as long as its file is there, by whatever name: the number
// of the file, the place, and a mark of what the file begins with, because the number
// is given to another file some day.
func cursor(files []store.LogFile, at place) (string, error) {
	if len(files) == 0 {
		return "0-0-0", nil
	}
	file := files[at.file]
	mark, err := markOf(file, at.offset)
	return fmt.Sprintf("%x-%x-%x", file.Identity(), at.offset, mark), err
}

func markOf(file store.LogFile, offset int64) (uint64, error) {
	text := make([]byte, min(offset, signed))
	if _, err := file.ReadAt(text, 0); err != nil {
		return 0, err
	}
	hash := fnv.New64a()
	hash.Write(text)
	return hash.Sum64(), nil
}

// find returns the place of a cursor; found is false when its file is gone, and there
// is an error for a text that is no cursor.
func find(files []store.LogFile, text string) (at place, found bool, err error) {
	inode, offset, mark, err := parseCursor(text)
	if err != nil {
		return at, false, err
	}
	for i, file := range files {
		if file.Identity() != inode || offset > file.Info.Size() {
			continue
		}
		if same, err := markOf(file, offset); err == nil && same == mark {
			return place{i, offset}, true, nil
		}
	}
	return at, false, nil
}

// findOrGone is find for those who can do nothing without the file.
func findOrGone(files []store.LogFile, text string) (place, error) {
	at, found, err := find(files, text)
	if err == nil && !found {
		err = &acmecore.Error{Kind: acmecore.Stale, Op: "read log", Cause: errors.New("that part of it has been dropped, or was emptied, meanwhile"),
			Hint: "begin at the newest line"}
	}
	return at, err
}

func parseCursor(text string) (inode uint64, offset int64, mark uint64, err error) {
	var numbers []uint64
	for part := range strings.SplitSeq(text, "-") {
		number, err := strconv.ParseUint(part, 16, 64)
		if err != nil || part != strconv.FormatUint(number, 16) {
			return 0, 0, 0, noPlace(text)
		}
		numbers = append(numbers, number)
	}
	if len(numbers) != 3 || numbers[1] > math.MaxInt64 {
		return 0, 0, 0, noPlace(text)
	}
	return numbers[0], int64(numbers[1]), numbers[2], nil
}

func noPlace(text string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "read log from", Subject: fmt.Sprintf("%q", acmecore.Inert(text)),
		Cause: errors.New("that is no place in a log"), Hint: "begin at the newest line, and follow the links from there"}
}

// wholeEnd is behind the last whole line of the newest file: somebody may be about to
// write the next one. A file that was moved is whole.
func wholeEnd(files []store.LogFile, file int) (int64, error) {
	size := files[file].Info.Size()
	if file > 0 || size == 0 {
		return size, nil
	}
	last := logging.NewBackward(files[file], size)
	if !last.Next() {
		return 0, last.Err()
	}
	if line := last.Line(); line[len(line)-1] == '\n' || len(line) == logging.MaxLine {
		return size, nil
	}
	return last.Offset(), nil
}
