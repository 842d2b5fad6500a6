package logging

import (
	"bytes"
	"io"
)

// MaxLine is how long a line is that is read back in one piece, in bytes. A longer one,
// which no Handler of ours writes, comes in several.
const MaxLine = 1 << 20

// readBlock is how much is read of a file at once.
const readBlock = 64 << 10

// Backward reads the lines of a file from an offset towards its beginning.
type Backward struct {
	file  io.ReaderAt
	from  int64 // offset of text
	text  []byte
	line  []byte
	begin int64 // of the line
	err   error
}

// NewBackward returns a reader of the lines before the offset end.
func NewBackward(file io.ReaderAt, end int64) *Backward {
	return &Backward{file: file, from: end, begin: end}
}

// Next goes to the line before; it returns false at the beginning of the file, and
// where it cannot be read: see Err.
func (b *Backward) Next() bool {
	for b.err == nil {
		if at, found := b.start(); found {
			b.line, b.text = b.text[at:], b.text[:at]
			b.begin = b.from + int64(at)
			return true
		}
		if b.from == 0 {
			return false
		}
		b.more()
	}
	return false
}

// start is where the last line of the text begins, as far as that can be told.
func (b *Backward) start() (at int, found bool) {
	if len(b.text) == 0 {
		return 0, false
	}
	at = bytes.LastIndexByte(b.text[:len(b.text)-1], '\n') + 1
	long := len(b.text) - MaxLine
	return max(at, long), at > 0 || b.from == 0 || long >= 0
}

// more reads one block in front of the text.
func (b *Backward) more() {
	size := min(b.from, readBlock)
	text := make([]byte, size, int(size)+len(b.text))
	if _, err := b.file.ReadAt(text, b.from-size); err != nil {
		b.err = err
		return
	}
	b.text, b.from = append(text, b.text...), b.from-size
}

// Line is the line, with its end where it has one, until Next is called again.
func (b *Backward) Line() []byte { return b.line }

// Offset is where the line begins in the file.
func (b *Backward) Offset() int64 { return b.begin }

// Err returns what went wrong; nil at the beginning of the file.
func (b *Backward) Err() error { return b.err }

// Forward reads the lines of a file from an offset on.
type Forward struct {
	file  io.ReaderAt
	end   int64 // of what there is
	at    int64 // of the first byte that no line has had
	next  int64 // of the first byte that was not read
	text  []byte
	line  []byte
	whole bool
	err   error
}

// NewForward returns a reader of the lines between two offsets. Somebody may be about
// to write the last one, so that it comes only with its end, unless the file is
// whole.
func NewForward(file io.ReaderAt, begin, end int64, whole bool) *Forward {
	return &Forward{file: file, at: begin, next: begin, end: end, whole: whole}
}

// Next goes to the next line; it returns false behind the last one, and where it
// cannot be read: see Err.
func (f *Forward) Next() bool {
	for f.err == nil {
		if size, found := f.size(); found {
			f.line, f.text = f.text[:size], f.text[size:]
			f.at += int64(size)
			return true
		}
		if f.next == f.end {
			return false
		}
		f.more()
	}
	return false
}

// size is how long the first line of the text is, as far as that can be told.
func (f *Forward) size() (size int, found bool) {
	if end := bytes.IndexByte(f.text, '\n'); end >= 0 && end < MaxLine {
		return end + 1, true
	}
	if len(f.text) >= MaxLine {
		return MaxLine, true
	}
	return len(f.text), f.whole && f.next == f.end && len(f.text) > 0
}

// more reads one block behind the text.
func (f *Forward) more() {
	block := make([]byte, min(f.end-f.next, readBlock))
	if _, err := f.file.ReadAt(block, f.next); err != nil {
		f.err = err
		return
	}
	f.text, f.next = append(f.text, block...), f.next+int64(len(block))
}

// Line is the line, with its end where it has one, until Next is called again.
func (f *Forward) Line() []byte { return f.line }

// Offset is where the line ends in the file, and the next one begins.
func (f *Forward) Offset() int64 { return f.at }

// Err returns what went wrong; nil behind the last line.
func (f *Forward) Err() error { return f.err }
