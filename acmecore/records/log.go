package records

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/logging"
	"wcme/acmecore/store"
)

// How many lines are answered.
const (
	usualLines = 100
	mostLines  = 1000
	// maxAttrs are answered of one line: wCME writes no line with more.
	maxAttrs = 64
)

// Log returns a page of the log. Its errors are of kind Invalid for a query that makes no
// sense, NotFound for a file that is not there, and Stale for a place that is there no
// longer.
func (r *Reader) Log(ctx context.Context, query acmecore.LogQuery) (acmecore.LogPage, error) {
	filter, err := filterOf(query)
	if err != nil {
		return acmecore.LogPage{}, err
	}
	query.Limit = atMost(query.Limit, usualLines, mostLines)
	switch {
	case query.Raw:
		return r.opened(ctx, query, filter, rawLog)
	case query.After != "":
		return r.follow(ctx, query, filter)
	}
	return r.opened(ctx, query, filter, logBefore)
}

// logReader answers a query from the files of the log.
type logReader func(context.Context, []store.LogFile, acmecore.LogQuery, logging.Filter) (acmecore.LogPage, error)

// opened opens the files for a reader, and lists them in the answer.
func (r *Reader) opened(ctx context.Context, query acmecore.LogQuery, filter logging.Filter, read logReader) (page acmecore.LogPage, err error) {
	files, err := r.root.LogFiles()
	if err != nil {
		return page, err
	}
	defer store.CloseLogFiles(files)
	if query.File < 0 || query.File > 0 && query.File >= len(files) {
		return page, &acmecore.Error{Kind: acmecore.NotFound, Op: "read log", Cause: fmt.Errorf("there is no file of it with number %d", query.File),
			Hint: "the oldest files are dropped: choose one of those that are listed"}
	}
	if page, err = read(ctx, files, query, filter); err != nil {
		return acmecore.LogPage{}, err
	}
	if page.Lines == nil {
		page.Lines = []acmecore.LogLine{}
	}
	page.Files = make([]acmecore.LogFile, 0, len(files))
	for _, file := range files {
		page.Files = append(page.Files, acmecore.LogFile{Name: file.Label, Bytes: file.Info.Size(), Ended: file.Info.ModTime().UTC()})
	}
	return page, nil
}

func filterOf(query acmecore.LogQuery) (logging.Filter, error) {
	words, err := wordsToFind("read log", query.Words)
	filter := logging.Filter{Certificate: query.Certificate, Words: words, From: query.From, To: query.To}
	if query.Level == "" || err != nil {
		return filter, err
	}
	filter.Leveled = true
	if err := filter.Level.UnmarshalText([]byte(query.Level)); err != nil {
		return filter, &acmecore.Error{Kind: acmecore.Invalid, Op: "read log", Cause: fmt.Errorf("there is no level %q", acmecore.Inert(query.Level)),
			Hint: "levels are debug, info, warn and error"}
	}
	return filter, nil
}

// logBefore reads the newest lines before a place.
func logBefore(ctx context.Context, files []store.LogFile, query acmecore.LogQuery, filter logging.Filter) (page acmecore.LogPage, err error) {
	if len(files) == 0 {
		page.Newer, err = cursor(files, place{})
		return page, err
	}
	newest, err := wholeEnd(files, 0)
	if err != nil {
		return page, err
	}
	if page.Newer, err = cursor(files, place{0, newest}); err != nil {
		return page, err
	}
	at, err := beginBefore(files, query, newest)
	if err != nil {
		return page, err
	}
	search := &logSearch{ctx: ctx, files: files, filter: filter, limit: query.Limit, left: maxLogRead, page: &page}
	return page, search.back(at)
}

// beginBefore is where a query begins to look back from.
func beginBefore(files []store.LogFile, query acmecore.LogQuery, newest int64) (place, error) {
	if query.Before == "" {
		if query.File == 0 {
			return place{0, newest}, nil
		}
		return place{query.File, files[query.File].Info.Size()}, nil
	}
	return findOrGone(files, query.Before)
}

// logSearch fills a page, within its bounds.
type logSearch struct {
	ctx    context.Context
	files  []store.LogFile
	filter logging.Filter
	limit  int
	left   int // bytes that may still be read
	size   int // of the answer so far, in bytes
	page   *acmecore.LogPage
}

// back reads from the place on towards the oldest line.
func (s *logSearch) back(at place) error {
	for {
		ended, err := s.backInFile(&at)
		if err != nil {
			return err
		}
		if ended {
			s.page.Older, err = cursor(s.files, at)
			return err
		}
		if at.file+1 >= len(s.files) || s.tooOld(at.file+1) {
			return nil
		}
		at = place{at.file + 1, s.files[at.file+1].Info.Size()}
	}
}

// tooOld tells whether all of a file is from before the time that is asked for.
func (s *logSearch) tooOld(file int) bool {
	return !s.filter.From.IsZero() && s.files[file].Info.ModTime().Before(s.filter.From)
}

// backInFile reads one file, and tells whether the bounds ended that at the place, with
// something left before it.
func (s *logSearch) backInFile(at *place) (ended bool, err error) {
	lines := logging.NewBackward(s.files[at.file], at.offset)
	for count := 1; lines.Next(); count++ {
		if isGone(s.ctx, count) {
			return false, s.ctx.Err()
		}
		at.offset = lines.Offset()
		s.left -= len(lines.Line())
		line, parsed, wanted := s.filter.Match(lines.Line())
		if wanted {
			s.add(line, parsed)
		}
		switch {
		case s.isFull():
			return s.isMore(*at), s.ctx.Err()
		case s.left <= 0:
			s.page.Reached = s.reached(at.file, lines.Line())
			return s.isMore(*at), s.ctx.Err()
		}
	}
	return false, errors.Join(lines.Err(), s.ctx.Err())
}

// reached is the time of the line that a search came to.
func (s *logSearch) reached(file int, text []byte) time.Time {
	line, err := logging.ParseLine(strings.TrimRight(string(text), "\r\n"))
	if err != nil {
		return s.files[file].Info.ModTime().UTC()
	}
	return line.Time.UTC()
}

// isMore tells whether anything stands before the place.
func (s *logSearch) isMore(at place) bool {
	return at.offset > 0 || slices.ContainsFunc(s.files[at.file+1:], func(file store.LogFile) bool { return file.Info.Size() > 0 })
}

func (s *logSearch) isFull() bool { return len(s.page.Lines) >= s.limit || s.size >= maxAnswer }

func (s *logSearch) add(line logging.Line, parsed bool) {
	added := shown(line, parsed)
	s.size += textSize(added)
	s.page.Lines = append(s.page.Lines, added)
}

// shown is a line as it is answered.
func shown(line logging.Line, parsed bool) acmecore.LogLine {
	shown := acmecore.LogLine{Message: acmecore.Inert(line.Message), Attrs: []acmecore.Attr{}}
	if !parsed {
		return shown
	}
	shown.Time, shown.Level = line.Time.UTC(), levelName(line.Level)
	for i, attr := range line.Attrs {
		if i == maxAttrs {
			shown.Attrs = append(shown.Attrs, acmecore.Attr{Key: "…", Value: fmt.Sprintf("%d more", len(line.Attrs)-i)})
			break
		}
		shown.Attrs = append(shown.Attrs, acmecore.Attr{Key: acmecore.Inert(attr.Key), Value: acmecore.Inert(attr.Value)})
	}
	return shown
}

func levelName(level slog.Level) string { return strings.ToLower(level.String()) }
