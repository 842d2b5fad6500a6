// Package logging writes log/overseer.log: readable lines, one for each event,
// whatever is in it.
//
// NewHandler makes a slog.Handler of a writer; File is the writer for a file that
// others rotate, delete or fill up. ParseLine reads a line back. A line is
//
//	2026-11-21 00:20:07.31  info   renewed  run=20261121T002000-3f9a certificate=www_example_org
//
// in words (one sequence of blanks stands between two parts, of just two where it
// matters: around the message):
//
//	line    = time "  " level "  " message [ "  " attribute *( " " attribute ) ]
//	time    = local time as YYYY-MM-DD HH:MM:SS.CC, without its zone
//	level   = "debug" / "info" / "warn" / "error", padded to five characters, or one of
//	          these with a number: "info+2"
//	message = plain with single blanks inside / quoted
//	attribute = key "=" value
//	key     = plain without "="; of a group, its name and "." come before
//	value   = plain / quoted
//	plain   = one or more printable characters (unicode.IsPrint) but blank and '"'
//	quoted  = a string of Go: '"', with what is not printable escaped, '"'
//
// So there is no line end, no control character, no bidirectional override and no
// invalid UTF-8 in a line, and none is lost: a quoted text reads back as it was. What
// is longer than 8 KiB is cut and ends in "…".
package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"
)

// Handler writes each record as one line by one call of its writer.
type Handler struct {
	w     io.Writer
	level slog.Leveler
	group string // in front of each key, with its dot
	attrs []byte // those of WithAttrs, as they are written, a blank before each
}

// NewHandler returns a handler that writes records of the level and above, Info when
// it is nil. The writer must take several at once, as a File and an os.File do: a lock
// here would be held while a File tells of its trouble, which is logged again.
func NewHandler(w io.Writer, level slog.Leveler) *Handler {
	if level == nil {
		level = slog.LevelInfo
	}
	return &Handler{w: w, level: level}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

// Handle implements slog.Handler.
func (h *Handler) Handle(_ context.Context, record slog.Record) error {
	at := record.Time
	if at.IsZero() {
		at = time.Now()
	}
	line := appendStart(make([]byte, 0, 256), at, record.Level, record.Message)
	attrs := slices.Clip(h.attrs)
	record.Attrs(func(attr slog.Attr) bool {
		attrs = appendAttr(attrs, h.group, attr)
		return true
	})
	if len(attrs) > 0 {
		line = append(line, ' ') // the first of two
	}
	_, err := h.w.Write(append(append(line, attrs...), '\n'))
	return err
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = slices.Clip(h.attrs)
	for _, attr := range attrs {
		with.attrs = appendAttr(with.attrs, h.group, attr)
	}
	return &with
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.group += name + "."
	return &with
}
