package order

import (
	"context"
	"net/http"
	"strings"
)

// What reads from outside, for the fuzz targets.
var (
	ParseChain      = parseChain
	CheckChain      = checkChain
	ParseRetryAfter = parseRetryAfter
	Patience        = patience
	Resign          = resign
	FromEnvironment = fromEnvironment
	LinksOf         = linksOf
)

// PostTwice sends a request twice, as a call of the library that may send one.
// It returns the error of the second.
func PostTwice(ctx context.Context, c *Client, url string) error {
	ctx = withExchange(ctx, &exchange{once: true})
	for try := 1; ; try++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			return err
		}
		if _, err := c.transport.RoundTrip(r); err != nil || try == 2 {
			return err
		}
	}
}

// ReadWindow reads a renewalInfo object.
func ReadWindow(content []byte) (window Window, err error) {
	err = window.read(content)
	return window, err
}
