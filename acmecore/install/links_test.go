package install_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"wcme/acmecore/install"
)

// twoFiles are the formats with the key in a file of its own.
var twoFiles = []install.Target{{Format: install.Split}, {Format: install.DER}}

func TestSplitIsSwitchedByOneLink(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.Split}
	for i := range 4 {
		put(t, target, pairs()[i])
	}
	want := `.wcme .wcme/fullchain_www_example_test.pem
		.wcme/fullchain_www_example_test.pem/000003
		.wcme/fullchain_www_example_test.pem/000003/fullchain_www_example_test.pem
		.wcme/fullchain_www_example_test.pem/000003/key_www_example_test.pem
		.wcme/fullchain_www_example_test.pem/000004
		.wcme/fullchain_www_example_test.pem/000004/fullchain_www_example_test.pem
		.wcme/fullchain_www_example_test.pem/000004/key_www_example_test.pem
		.wcme/fullchain_www_example_test.pem/current
		fullchain_www_example_test.pem key_www_example_test.pem`
	if got := list(target.Dir); !slices.Equal(got, strings.Fields(want)) {
		t.Errorf("got %v", got)
	}
	if got, err := os.Readlink(filepath.Join(target.Dir, ".wcme/fullchain_www_example_test.pem/current")); got != "000004" {
		t.Errorf("current: got %q, %v", got, err)
	}
	for name, want := range map[string]string{"": "drwxr-xr-x", "fullchain_www_example_test.pem": "-rw-r--r--", "key_www_example_test.pem": "-rw-------"} {
		path := filepath.Join(target.Dir, ".wcme/fullchain_www_example_test.pem/000004", name)
		if _, _, mode := rightsOf(t, path); mode.String() != want {
			t.Errorf("%s: got %v, want %s", path, mode, want)
		}
	}
}

// shapes are how the two files of a target may stand, before one of them is put.
var shapes = map[string]func(t *testing.T, target install.Target){
	"nothing": func(*testing.T, install.Target) {},
	"files": func(t *testing.T, target install.Target) {
		target.Plain = true
		put(t, target, pairs()[0])
	},
	"links": func(t *testing.T, target install.Target) {
		target.Plain = false
		put(t, target, pairs()[0])
	},
	"a link and a file": func(t *testing.T, target install.Target) { // as a kill leaves it
		target.Plain = false
		put(t, target, pairs()[0])
		key := paths(target)[1]
		content, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(key); err != nil {
			t.Fatal(err)
		}
		write(t, key, content, 0o600)
	},
}

// TestFilesAgreeAtEachStep looks at the directory before each step, and thereby
// after each one before it. Only plain files, and files that are new, may disagree,
// and these only between their two renames (C26).
func TestFilesAgreeAtEachStep(t *testing.T) {
	t.Parallel()
	for _, target := range twoFiles {
		for shape, prepare := range shapes {
			for _, plain := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, from %s, plain %v", target.Format, shape, plain), func(t *testing.T) {
					t.Parallel()
					target := target
					target.Dir, target.Plain = t.TempDir(), plain
					prepare(t, target)
					files := paths(target)
					window := plain && shape == "files" || shape == "nothing"
					var steps []string
					stepping := target
					stepping.Step = func(point, path string) {
						steps = append(steps, point+" "+filepath.Base(path))
						between := shape == "nothing" || window && (point == "renamed" && path == files[1] || point == "rename" && path == files[0])
						if err := disagree(target); err != nil && !between {
							t.Errorf("at the last of %v: %v", steps, err)
						}
					}
					put(t, stepping, pairs()[1])
					current(t, target, pairs()[1])
					if len(steps) == 0 || len(halfMade(target.Dir)) > 0 {
						t.Errorf("steps %v, left %v", steps, halfMade(target.Dir))
					}
					if plain && len(list(target.Dir)) != 2 {
						t.Errorf("got %v, want two files", list(target.Dir))
					}
				})
			}
		}
	}
}

// TestTheKeyOfPlainFilesIsRenamedFirst, so that a certificate that looks new has its key.
func TestTheKeyOfPlainFilesIsRenamedFirst(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.Split, Plain: true}
	put(t, target, pairs()[0])
	var steps []string
	target.Step = func(point, path string) {
		steps = append(steps, point+" "+strings.TrimSuffix(filepath.Base(path), "_www_example_test.pem"))
	}
	put(t, target, pairs()[1])
	want := []string{"create fullchain", "create key", "rename key", "renamed key", "rename fullchain", "renamed fullchain", "synced fullchain"}
	if !slices.Equal(steps, want) {
		t.Errorf("got %v, want %v", steps, want)
	}
}

// TestCertificatesShareADirectory: each has its own versions.
func TestCertificatesShareADirectory(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.Split}
	a, b := pairs()[0], pairs()[1]
	b.ID, b.Names = "mail_example_test", b.Names[1:]
	put(t, target, a)
	put(t, target, b)
	current(t, target, a)
	current(t, target, b)
	target.Plain = true // each leaves the links for itself
	put(t, target, a)
	current(t, target, a)
	if seen := (install.Target{Dir: target.Dir, Format: install.Split}).Look(b); !seen.Current {
		t.Errorf("the other: %+v", seen)
	}
	put(t, target, b)
	if got := list(target.Dir); len(got) != 4 {
		t.Errorf("got %v, want four files", got)
	}
}

// TestKilledAtEachStep kills a child before each step in turn (C24 to C26): the
// files are the old pair or the new one, and the next Put goes on to the end.
func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, target := range []install.Target{{Format: install.Combined}, {Format: install.Split}, {Format: install.Split, Plain: true}} {
		for shape, prepare := range shapes {
			if target.Format == install.Combined && shape != "links" {
				continue // one file has one shape
			}
			t.Run(fmt.Sprintf("%s, plain %v, from %s", target.Format, target.Plain, shape), func(t *testing.T) {
				t.Parallel()
				target := target
				target.Dir = t.TempDir()
				for at, killed := 1, true; killed; at++ {
					if err := os.RemoveAll(target.Dir); err != nil {
						t.Fatal(err)
					}
					if err := os.Mkdir(target.Dir, 0o700); err != nil {
						t.Fatal(err)
					}
					prepare(t, target)
					_, ended := child{Target: target, Pair: pairs()[1], KillAt: at}.run(t)
					killed = !ended
					hole := target.Plain && shape == "files" || shape == "nothing"
					if err := disagree(target); err != nil && !hole {
						t.Errorf("killed at step %d: %v", at, err)
					}
					put(t, target, pairs()[1])
					current(t, target, pairs()[1])
					if left := halfMade(target.Dir); len(left) > 0 {
						t.Errorf("killed at step %d: left %v", at, left)
					}
					if at == 1 && ended {
						t.Error("there was no step to be killed at")
					}
				}
			})
		}
	}
}

// TestPutBackKilledAtEachStep is the same on the way back.
func TestPutBackKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{"files", "links", "a link and a file"} {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			target := install.Target{Dir: t.TempDir(), Format: install.Split}
			for at, killed := 1, true; killed; at++ {
				if err := os.RemoveAll(target.Dir); err != nil {
					t.Fatal(err)
				}
				if err := os.Mkdir(target.Dir, 0o700); err != nil {
					t.Fatal(err)
				}
				shapes[shape](t, target)
				snapshot, err := target.Save(pairs()[1])
				if err != nil {
					t.Fatal(err)
				}
				put(t, target, pairs()[1])
				_, ended := child{Target: target, Pair: pairs()[1], Snapshot: &snapshot, KillAt: at}.run(t)
				killed = !ended
				if err := disagree(target); err != nil {
					t.Errorf("killed at step %d: %v", at, err)
				}
				if err := snapshot.PutBack(); err != nil {
					t.Fatal(err)
				}
				target.Plain = shape == "files"
				current(t, target, pairs()[0])
				target.Plain = false
				if left := halfMade(target.Dir); len(left) > 0 {
					t.Errorf("killed at step %d: left %v", at, left)
				}
			}
		})
	}
}

// TestSamplerNeverSeesADisagreement reads the files all the time, as I1 demands,
// while they are switched 200 times, and on until the sampler has seen enough. What was
// switched between its own two reads says nothing about the disk, and is read again.
func TestSamplerNeverSeesADisagreement(t *testing.T) {
	t.Parallel()
	for _, target := range []install.Target{{Format: install.Combined}, {Format: install.HAProxy}, {Format: install.Split}} {
		t.Run(string(target.Format), func(t *testing.T) {
			t.Parallel()
			target.Dir = t.TempDir()
			put(t, target, pairs()[0])
			s := sampler{files: paths(target), current: filepath.Join(target.Dir, ".wcme", "fullchain_www_example_test.pem", "current")}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { s.run(ctx, t) })
			for i := 0; (i < 200 || s.samples.Load() < 20) && !t.Failed(); i++ {
				put(t, target, pairs()[(i+1)%len(pairs())])
			}
			cancel()
			running.Wait()
			t.Logf("%d samples, %d straddled a switch", s.samples.Load(), s.straddled)
		})
	}
}

type sampler struct {
	files     []string
	current   string // the link that a switch of two files replaces
	samples   atomic.Int32
	straddled int
}

func (s *sampler) run(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil {
		before, err := s.generation()
		if err != nil {
			t.Error(err)
			return
		}
		certificate, err := os.ReadFile(s.files[0])
		if err != nil {
			t.Error(err)
		}
		key, err := os.ReadFile(s.files[len(s.files)-1])
		if err != nil {
			t.Error(err)
		}
		if after, err := s.generation(); err != nil || after != before {
			s.straddled++
			continue
		}
		s.samples.Add(1)
		if len(s.files) == 1 {
			key = certificate // one file is one read
		}
		if _, err := tls.X509KeyPair(certificate, key); err != nil {
			t.Errorf("sample %d: %v", s.samples.Load(), err)
		}
	}
}

// generation is that of two files, which the name of their directory counts: inodes and
// times come again. A file that is one is read at once, whichever it is.
func (s *sampler) generation() (string, error) {
	if len(s.files) == 1 {
		return "", nil
	}
	return os.Readlink(s.current)
}
