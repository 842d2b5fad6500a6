package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tree is what stands in a state directory: for each path its mode and content.
type tree map[string]string

// readTree leaves out what every run writes, whatever comes of it (see isDiary), and
// the socket. That leaves what a run that has failed must not have touched.
func readTree(root string) (tree, error) {
	found := make(tree)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone between two looks
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if name == "overseer.sock" || isDiary(name) {
			return nil
		}
		text, err := describe(path, entry)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		found[name] = text
		return err
	})
	return found, err
}

// isDiary tells of a path below the state directory whether it is a log, or a note
// that wCME keeps for itself: who has the lock, what was tried, asked and told.
func isDiary(name string) bool {
	for _, diary := range []string{"priv/standing", "priv/spool", "priv/pace", "priv/limits"} {
		if name == diary || strings.HasPrefix(name, diary+"/") {
			return true
		}
	}
	return strings.HasPrefix(name, "log/") || name == "priv/lock" || name == "priv/running" || name == "priv/reach.json" || name == "priv/alternatives.json" || strings.HasPrefix(name, "www/.wcme-alive.json") || name == "priv/audit-head"
}

func describe(path string, entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	text := info.Mode().String()
	switch {
	case info.Mode().IsRegular():
		content, err := os.ReadFile(path)
		return fmt.Sprintf("%s %x", text, sha256.Sum256(content)), err
	case info.Mode().Type() == fs.ModeSymlink:
		target, err := os.Readlink(path)
		return text + " " + target, err
	}
	return text, nil
}

// difference has a line for each path that is not as it was; none when all are.
func (before tree) difference(after tree) string {
	var lines strings.Builder
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		was, is := before[path], after[path]
		switch {
		case was == is:
		case was == "":
			fmt.Fprintf(&lines, "new      %s  %s\n", path, is)
		case is == "":
			fmt.Fprintf(&lines, "gone     %s  %s\n", path, was)
		default:
			fmt.Fprintf(&lines, "changed  %s  %s to %s\n", path, was, is)
		}
	}
	return lines.String()
}
