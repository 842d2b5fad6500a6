// Victim passes the points of its arguments, POINT SUBJECT each, and prints each one
// that it has survived.
package main

import (
	"fmt"
	"os"

	"wcme/acmecore/crash"
)

func main() {
	for i := 1; i+1 < len(os.Args); i += 2 {
		crash.At(os.Args[i], os.Args[i+1])
		fmt.Println(os.Args[i], os.Args[i+1])
	}
}
