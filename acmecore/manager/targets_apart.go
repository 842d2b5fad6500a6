package manager

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

// apart refuses a target among what wCME keeps itself: a file that is a product too would
// be written anew, and loaded, by each pass; www is open to visitors, and priv to nobody.
func (m *Manager) apart(target install.Target) error {
	dir, root := followed(target.Dir), followed(m.root.Dir())
	var problem error
	for _, own := range []string{"www", "priv"} {
		if path := filepath.Join(root, own); dir == path || strings.HasPrefix(dir, path+"/") {
			problem = fmt.Errorf("%s is for wCME's own files", path)
		}
	}
	products := []string{"fullchain_{name}.pem", "cert_{name}.pem", "chain_{name}.pem"}
	if dir == filepath.Join(root, "ssl") && (slices.Contains(products, target.File) || slices.Contains(products, target.KeyFile)) {
		problem = errors.New("its files would be those that wCME itself keeps in " + dir)
	}
	if problem == nil {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "install target", Subject: target.Name, Cause: problem,
		Hint: "give it a directory of its own"}
}

// followed is a directory's path without links, as far as it is there.
func followed(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return filepath.Clean(dir)
}
