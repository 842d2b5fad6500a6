package web_test

import (
	"net/http"
	"testing"

	"wcme/acmecore"
	"wcme/web/gallery"
)

// BenchmarkList is what the script does for a page of 50 rows, without the overseer.
func BenchmarkList(b *testing.B) {
	for _, scene := range gallery.Scenes() {
		if scene.Name != "list-fifty" {
			continue
		}
		answer := scene.Overseer.OnOverview(acmecore.Query{Size: 50, Page: 1})
		scene.Overseer.OnOverview = func(acmecore.Query) acmecore.Overview { return answer }
		s := stage{overseer: scene.Overseer}
		for b.Loop() {
			if page := s.ask(admin(), "GET", scene.Path); page.Code != http.StatusOK || page.Body.Len() < 10<<10 {
				b.Fatalf("status %d, %d bytes", page.Code, page.Body.Len())
			}
		}
	}
}
