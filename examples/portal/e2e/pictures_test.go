package e2e_test

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the pictures in docs/images")

// folder is where the pictures of the documents are.
const folder = "../../../docs/images"

// pictures are the pages that README shows, and how.
var pictures = map[string]window{
	"start":       {width: 1120, height: 600, scale: 1.5},
	"parent":      {width: 1120, height: 600, scale: 1.5},
	"checking":    {width: 1120, height: 600, scale: 1.5},
	"fan":         {width: 1120, height: 600, scale: 1.5},
	"fan-phone":   {width: 360, height: 740, scale: 2, dark: true},
	"invitations": {width: 1120, height: 600, scale: 1.5},
	"networks":    {width: 1120, height: 600, scale: 1.5},
	"errors":      {width: 1120, height: 600, scale: 1.5},
	"activated":   {width: 1120, height: 480, scale: 1.5},
}

// picture writes a picture of the page, if the test was asked to.
func (b *browser) picture(name string) {
	b.t.Helper()
	if !*update || b.axe == "" {
		return
	}
	w, known := pictures[name]
	require.True(b.t, known, name)
	b.window(w)
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 0, 0)) // not on a button
	picture, err := png.Decode(bytes.NewReader(ask(b, chromedp.FullScreenshot(100))))
	require.NoError(b.t, err)
	var encoded bytes.Buffer
	require.NoError(b.t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&encoded, fewColours(picture)))
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, "portal-"+name+".png"), encoded.Bytes(), 0o600))
	b.window(desktop)
}

// fewColours returns a picture with its 256 most frequent colours, which makes the file small: the pages have few colours, and the
// rest are edges of letters.
func fewColours(in image.Image) *image.Paletted {
	frequent := make(map[color.RGBA]int)
	bounds := in.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if c, ok := color.RGBAModel.Convert(in.At(x, y)).(color.RGBA); ok {
				frequent[c]++
			}
		}
	}
	var palette color.Palette
	for _, c := range slices.SortedFunc(maps.Keys(frequent), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(frequent[b], frequent[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	}) {
		if len(palette) < 256 {
			palette = append(palette, c)
		}
	}
	out := image.NewPaletted(bounds, palette)
	draw.Draw(out, bounds, in, bounds.Min, draw.Src)
	return out
}

func TestPictures(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("the stories write the pictures now")
	}
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	images := os.DirFS(folder)
	files, err := fs.Glob(images, "portal-*.png")
	require.NoError(t, err)
	assert.Len(t, files, len(pictures), "go test ./e2e -update writes the pictures, and removes none")
	total := 0
	for name := range pictures {
		file := "portal-" + name + ".png"
		content, err := fs.ReadFile(images, file)
		require.NoError(t, err)
		_, err = png.DecodeConfig(bytes.NewReader(content))
		require.NoError(t, err, file)
		shown := strings.Contains(string(readme), "](../../docs/images/"+file+")")
		assert.True(t, shown, "README.md should show %s", file)
		total += len(content)
	}
	assert.Less(t, total, 1_000_000, "bytes of all pictures")
}
