package load

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
