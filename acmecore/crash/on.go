//go:build crash

package crash

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// matches counts the points that the environment speaks of; it is of the process, as
// its end is.
var matches atomic.Int64

// At kills the process when the environment says so.
func At(point, subject string) {
	text := os.Getenv("WCME_CRASH_AT")
	if text == "" {
		return
	}
	spec, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("WCME_CRASH_AT=%q: %v", text, err)) // a test that is wrong
	}
	if !spec.matches(point, subject) || matches.Add(1) != spec.times {
		return
	}
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the kernel gets to it
}

type spec struct {
	point, glob string
	times       int64
}

func parse(text string) (s spec, err error) {
	fields := strings.Fields(text)
	if len(fields) == 2 {
		fields = append(fields, "1")
	}
	if len(fields) != 3 {
		return s, fmt.Errorf("want POINT GLOB [N]")
	}
	s.point, s.glob = fields[0], fields[1]
	if s.times, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return s, err
	}
	if _, err = path.Match(s.point, ""); err == nil {
		_, err = path.Match(s.glob, "")
	}
	return s, err
}

func (s spec) matches(point, subject string) bool {
	elements := strings.Split(subject, "/")
	wanted := strings.Count(s.glob, "/") + 1
	if len(elements) > wanted {
		elements = elements[len(elements)-wanted:]
	}
	atPoint, _ := path.Match(s.point, point)
	onSubject, _ := path.Match(s.glob, strings.Join(elements, "/"))
	return atPoint && onSubject
}
