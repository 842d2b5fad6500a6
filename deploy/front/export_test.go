package front

import "context"

// PlayText plays the cases of a script without a host.
func PlayText(ctx context.Context, target Target, text string) (requests, passed int, errs []error) {
	script, err := Parse([]byte(text))
	if err != nil {
		return 0, 0, []error{err}
	}
	p := &player{target: target, variables: target.variables()}
	for _, c := range script.Cases {
		errs = append(errs, p.play(ctx, c)...)
	}
	return p.requests, p.passed, errs
}

// Record is record.
func Record(server, mode string, requests, passed int) error {
	return record(Target{Server: server, Mode: mode}, requests, passed)
}

// Faults is faults.
func Faults(log string) []string { return faults(log) }

// Authorization is the pending challenge's.
const Authorization = authorization
