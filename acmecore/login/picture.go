package login

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the width of the margin of a QR code, in modules (ISO/IEC 18004 section
// 5.3.8).
const quiet = 4

// drawn draws a QR code of the text: the path, in SVG, of its dark modules, and how
// wide and high the whole is.
func drawn(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, err
	}
	var b strings.Builder
	width := code.Bounds().Dx()
	for y := range width {
		for x := 0; x < width; x++ {
			begin := x
			for x < width && code.At(x, y) == color.Black {
				x++
			}
			if x > begin {
				fmt.Fprintf(&b, "M%d %dh%dv1H%dz", begin+quiet, y+quiet, x-begin, begin+quiet)
			}
		}
	}
	return b.String(), width + 2*quiet, nil
}
