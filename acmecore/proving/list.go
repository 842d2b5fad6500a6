package proving

import (
	"slices"

	"wcme/acmecore"
)

// AsksForFiles tells whether the first challenge of the name that a CA would ask for is
// in the files of www.
func (w *Ways) AsksForFiles(name acmecore.Name) bool {
	methods, err := w.Methods(name)
	if err != nil {
		return false
	}
	way, err := w.way(methods[0], name)
	_, files := way.(*Files)
	return err == nil && files
}

// Otherwise is what there is to say of a name that nobody asks for on port 80.
func (w *Ways) Otherwise(name acmecore.Name) acmecore.Reach {
	reach := acmecore.Reach{Name: name, Visits: []acmecore.Visit{}, Ways: w.List(name)}
	methods, err := w.Methods(name)
	if err != nil {
		reach.Findings = []acmecore.Finding{{Verdict: acmecore.NoWay, Wrong: true, Text: acmecore.Inert(err.Error()), Try: acmecore.HintOf(err)}}
		return reach
	}
	reach.Answered = true
	text := "not asked for: it is proved by " + string(methods[0])
	if by := reach.Ways[0].By; by != "" {
		text += ", by " + by
	}
	reach.Findings = []acmecore.Finding{{Verdict: acmecore.OtherWay, Text: text}}
	return reach
}

// List says of each method how the name is proved by it, or why not: first those that
// would be tried, in their order.
func (w *Ways) List(name acmecore.Name) (list []acmecore.Way) {
	methods, _ := w.Methods(name) // of those that there are not, it is said below
	for _, method := range methods {
		way, _ := w.way(method, name)
		list = append(list, acmecore.Way{Method: method, By: called(way), Last: w.past.Proved[name] == method,
			Failed: slices.Contains(w.past.Balked[name], method)})
	}
	allowed := w.config().MethodsFor(w.record)
	for _, method := range acmecore.Methods() {
		_, err := w.way(method, name)
		switch {
		case slices.Contains(methods, method):
		case err != nil:
			list = append(list, acmecore.Way{Method: method, Problem: acmecore.Inert(err.Error()), Try: acmecore.HintOf(err)})
		case !slices.Contains(allowed, method):
			list = append(list, acmecore.Way{Method: method, Problem: "it is none of the methods that were chosen",
				Try: "add it to `methods` of [challenge], or to `challenge` of the certificate's record"})
		}
	}
	return list
}

// called is what answers, in words; "" where it has no name.
func called(way solver) string {
	if named, has := way.(interface{ called() string }); has {
		return acmecore.Inert(named.called())
	}
	return ""
}

func (f *Files) called() string {
	if len(f.webroots) > 0 {
		return "the files of www and of the webroots"
	}
	return "the files of www"
}

func (a *alpn) called() string { return "wCME itself" }

func (t txtOf) called() string { return "[[dns]] " + t.entry.Name.String() }

func (h hookOf) called() string { return "[[hook]] " + h.entry.Name.String() }
