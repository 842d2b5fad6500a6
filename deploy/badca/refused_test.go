package badca_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore/store"
)

// inspectable checks that what was delivered in an attempt that failed is kept as it
// came, with the order and the reason, where nobody else can read it; or that nothing is
// kept.
func (s *site) inspectable(kept bool, failed error) {
	s.Helper()
	dir := filepath.Join(s.dir, "priv", "refused", string(id))
	if _, err := os.Lstat(dir); !kept {
		if !errors.Is(err, fs.ErrNotExist) {
			s.Errorf("something is kept in %s (%v)", dir, err)
		}
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "chain.txt"))
	if err != nil || !bytes.Equal(text, s.rig.delivered) {
		s.Errorf("%d bytes are kept of the %d that were delivered (%v)", len(text), len(s.rig.delivered), err)
	}
	var why store.Refused
	reason, err := os.ReadFile(filepath.Join(dir, "reason.json"))
	if err = errors.Join(err, json.Unmarshal(reason, &why)); err != nil || !strings.Contains(why.Order, "/my-order/") || !strings.Contains(failed.Error(), why.Reason) || why.Reason == "" {
		s.Errorf("got %+v (%v), want the order and %q", why, err, failed)
	}
	for name, want := range map[string]fs.FileMode{"": 0o700, "chain.txt": 0o600, "reason.json": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			s.Errorf("%q has mode %v (%v), want %v", name, info, err, want)
		}
	}
	if told := strings.Join(s.steps, "\n"); !strings.Contains(told, "what was delivered is kept at "+dir) {
		s.Errorf("nobody is told where it is kept:\n%s", told)
	}
	if list, err := s.manager.List(s.Context()); err != nil || len(list) != 1 || list[0].Trouble == "" {
		s.Errorf("got %+v, %v, want one certificate in trouble", list, err)
	}
}
