package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// pagesName is the program beside this one that answers everything else.
const pagesName = "wcme-pages"

// become runs the pages in place of this program, with the environment that the
// web server gave. It returns only where that is not possible.
func become(environ []string, stdout, stderr io.Writer) (status int) {
	own, err := os.Executable()
	if err == nil {
		pages := filepath.Join(filepath.Dir(own), pagesName)
		err = &os.PathError{Op: "run", Path: pages, Err: syscall.Exec(pages, []string{pagesName}, environ)}
	}
	fmt.Fprintf(stderr, "error: the program that shows wCME's pages cannot be started: %v\n"+
		"hint: %s stands beside this program; install both again\n", err, pagesName)
	fmt.Fprint(stdout, "Status: 500 Internal Server Error\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"+
		"Internal Server Error: wCME is not completely installed; the web server's error log has a line about it.\n")
	return 1
}
