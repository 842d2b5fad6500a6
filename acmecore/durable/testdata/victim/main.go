// Victim does one thing of package durable: write FILE TEXT, link FILE TARGET,
// rename TO FROM, remove FILE.
package main

import (
	"fmt"
	"os"

	"wcme/acmecore/durable"
)

func main() {
	var err error
	switch path := os.Args[2]; os.Args[1] {
	case "write":
		err = durable.WriteFile(path, []byte(os.Args[3]), 0o600)
	case "link":
		err = durable.Symlink(os.Args[3], path)
	case "rename":
		err = durable.Rename(os.Args[3], path)
	case "remove":
		err = durable.Remove(path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
