package process

// What reads foreign bytes, and what is used where a thread can have no umask, for tests
// from outside.
var (
	ParseStat    = parseStat
	ThroughShell = throughShell
)

// RunningOf is the record of a process of the test's own.
func RunningOf(pid int) Running { return runningOf(pid, "test", "") }
