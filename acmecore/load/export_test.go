package load

import "time"

// SetSettle sets how long a server is watched after its signal.
func (r *Runner) SetSettle(d time.Duration) { r.settle = d }

// What reads foreign bytes, for tests from outside.
var (
	ParseStatus    = parseStatus
	NginxOptions   = nginxOptions
	HaproxyOptions = haproxyOptions
	Wanted         = wanted
	LongOption     = longOption
	Substituted    = substituted
	Environment    = environment
)
