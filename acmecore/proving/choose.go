package proving

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// Learned is the standing of a certificate with what the attempts since its current
// version tell of the ways to prove names, and by which methods those of that version were
// proved: none where there is no version, or they were proved before.
func Learned(standing acmecore.Standing, methods map[acmecore.Name]acmecore.Method) acmecore.Standing {
	standing.Balked = balked(standing.Failures)
	if len(methods) == 0 {
		return standing
	}
	proved := make(map[acmecore.Name]acmecore.Method)
	if len(standing.Proved) < acmecore.MaxNames { // or else there are names that it had once
		maps.Copy(proved, standing.Proved)
	}
	maps.Copy(proved, methods)
	standing.Proved = proved
	return standing
}

// balked are the methods that failed for each name, that which failed last last.
func balked(failures []acmecore.Failure) map[acmecore.Name][]acmecore.Method {
	list := make(map[acmecore.Name][]acmecore.Method)
	for _, failure := range failures { // the oldest first
		for name, method := range failure.Methods {
			others := slices.DeleteFunc(list[name], func(m acmecore.Method) bool { return m == method })
			list[name] = append(others, method)
		}
	}
	return list
}

// Methods implements order.Challenges: that which worked last comes first, and those
// that have failed since come last, the one that failed first before the others. In a
// list of the administrator's none comes before its turn.
func (w *Ways) Methods(name acmecore.Name) ([]acmecore.Method, error) {
	methods, err := w.available(name)
	if err != nil {
		return nil, err
	}
	chosen := w.config().MethodsFor(w.record) != nil
	rank := func(method acmecore.Method) int {
		if at := slices.Index(w.past.Balked[name], method); at >= 0 {
			return 1 + at
		}
		if chosen {
			return 0
		}
		return w.preference(method, name)
	}
	slices.SortStableFunc(methods, func(a, b acmecore.Method) int { return cmp.Compare(rank(a), rank(b)) })
	return methods, nil
}

// preference is below 0 for a method that is tried before its turn, and lowest for the
// first one.
func (w *Ways) preference(method acmecore.Method, name acmecore.Name) int {
	switch {
	case w.past.Proved[name] == method:
		return -3
	case method == acmecore.DNS01 && w.isBesideWildcard(name):
		return -2
	case w.isSetUpFor(method, name):
		return -1
	}
	return 0
}

// isBesideWildcard tells whether the certificate has a wildcard of the name's domain too:
// that needs a record in the same zone in any case, and a domain of which all hosts are
// meant has often no web server of its own.
func (w *Ways) isBesideWildcard(name acmecore.Name) bool {
	return slices.ContainsFunc(w.record.Names, func(other config.Name) bool {
		domain := other.Host()
		return other.Wildcard() && (name.Host() == domain || strings.HasSuffix(string(name.Host()), "."+string(domain)))
	})
}

// isSetUpFor tells whether the configuration has something that answers the method for
// domains of which this name is one, and not merely for all names.
func (w *Ways) isSetUpFor(method acmecore.Method, name acmecore.Name) bool {
	if hook, found := w.config().HookFor(method, name); found {
		return hook.For != nil
	}
	dns, found := w.config().DNSFor(name)
	return method == acmecore.DNS01 && found && dns.For != nil
}

// available are the methods that the name can be proved by, in the order of the
// configuration. The error says why there is none: what could not be prepared counts
// before what is not set up, and that before what no CA would do.
func (w *Ways) available(name acmecore.Name) (methods []acmecore.Method, err error) {
	allowed := w.config().MethodsFor(w.record)
	if allowed == nil {
		allowed = acmecore.Methods()
	}
	var never, missing, unready error // the first of each
	for _, method := range allowed {
		_, err := w.way(method, name)
		switch {
		case err == nil:
			if problem, _ := w.outcome(attempt{method, name}); problem != nil {
				unready = cmp.Or(unready, problem)
				continue
			}
			methods = append(methods, method)
		case method.CanProve(name) != nil:
			never = cmp.Or(never, err)
		default:
			missing = cmp.Or(missing, err)
		}
	}
	if len(methods) == 0 {
		return nil, cmp.Or(unready, missing, never)
	}
	return methods, nil
}
