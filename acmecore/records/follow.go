package records

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"wcme/acmecore"
	"wcme/acmecore/logging"
	"wcme/acmecore/store"
)

// How the log is waited for.
const (
	followEvery = 250 * time.Millisecond
	maxWait     = 30 * time.Second
	// maxWaiters wait at once: each one takes a place of the socket's.
	maxWaiters = 16
)

// follow reads what has come since, and waits for it where that is asked for.
func (r *Reader) follow(ctx context.Context, query acmecore.LogQuery, filter logging.Filter) (acmecore.LogPage, error) {
	page, err := r.opened(ctx, query, filter, logAfter)
	wait := min(query.Wait, maxWait)
	if err != nil || len(page.Lines) > 0 || wait <= 0 || !r.waiters.mayWait() {
		return page, err
	}
	defer r.waiters.waited()
	end := time.NewTimer(wait)
	defer end.Stop()
	again := time.NewTicker(followEvery)
	defer again.Stop()
	for len(page.Lines) == 0 && err == nil {
		select {
		case <-ctx.Done():
			return page, ctx.Err()
		case <-end.C:
			return page, nil
		case <-again.C:
			query.After = page.Newer
			page, err = r.opened(ctx, query, filter, logAfter)
		}
	}
	return page, err
}

// waiters are those who wait for the log.
type waiters struct {
	mu    sync.Mutex
	count int
}

// mayWait takes a place among them.
func (w *waiters) mayWait() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count >= maxWaiters {
		return false
	}
	w.count++
	return true
}

// waited gives the place back.
func (w *waiters) waited() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count--
}

// logAfter reads what has come since a place, the oldest of it first where it is more
// than one answer takes. When the file of the place is gone, all that is there has come
// since.
func logAfter(ctx context.Context, files []store.LogFile, query acmecore.LogQuery, filter logging.Filter) (page acmecore.LogPage, err error) {
	at, found, err := find(files, query.After)
	if err != nil {
		return page, err
	}
	if !found {
		return logBefore(ctx, files, acmecore.LogQuery{Limit: query.Limit}, filter)
	}
	search := &logSearch{ctx: ctx, files: files, filter: filter, limit: query.Limit, left: maxLogRead, page: &page}
	for {
		full, err := search.onInFile(&at)
		if err != nil {
			return page, err
		}
		if full || at.file == 0 {
			break
		}
		at = place{at.file - 1, 0}
	}
	slices.Reverse(page.Lines)
	page.Newer, err = cursor(files, at)
	return page, err
}

// onInFile reads one file from the place on, and tells whether the bounds ended that.
func (s *logSearch) onInFile(at *place) (full bool, err error) {
	file := s.files[at.file]
	lines := logging.NewForward(file, at.offset, file.Info.Size(), at.file > 0)
	for count := 1; lines.Next(); count++ {
		if isGone(s.ctx, count) {
			return false, s.ctx.Err()
		}
		at.offset = lines.Offset()
		s.left -= len(lines.Line())
		if line, parsed, wanted := s.filter.Match(lines.Line()); wanted {
			s.add(line, parsed)
		}
		if s.isFull() || s.left <= 0 {
			return true, s.ctx.Err()
		}
	}
	return false, errors.Join(lines.Err(), s.ctx.Err())
}

// rawLog reads whole lines of one file, as they stand there.
func rawLog(ctx context.Context, files []store.LogFile, query acmecore.LogQuery, _ logging.Filter) (page acmecore.LogPage, err error) {
	at := place{file: query.File}
	if query.After != "" {
		if at, err = findOrGone(files, query.After); err != nil {
			return page, err
		}
	}
	if len(files) == 0 {
		return page, nil
	}
	var text strings.Builder
	file := files[at.file]
	lines := logging.NewForward(file, at.offset, file.Info.Size(), at.file > 0)
	for lines.Next() && (text.Len() == 0 || text.Len()+len(lines.Line()) <= maxAnswer) {
		text.WriteString(plain(lines.Line()))
		at.offset = lines.Offset()
	}
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil {
		return page, err
	}
	page.Text = text.String()
	page.Newer, err = cursor(files, at)
	return page, err
}

// plain is a line without what a terminal would obey. A Handler writes no such thing.
func plain(line []byte) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r == unicode.ReplacementChar || !unicode.IsPrint(r)) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(string(line), "?"))
}
