package load

// What reads foreign bytes, for tests from outside.
var (
	ParseStat      = parseStat
	ParseStatus    = parseStatus
	NginxOptions   = nginxOptions
	HaproxyOptions = haproxyOptions
	Wanted         = wanted
	LongOption     = longOption
	Substituted    = substituted
	InertLines     = inertLines
	Environment    = environment
	ThroughShell   = throughShell
)

// RunningOf is the record of a process of the test's own.
func RunningOf(pid int) Running { return runningOf(pid, "test", "") }
