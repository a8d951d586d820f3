package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/partnerapi/partnerapi-go"
	"github.com/partnerapi/partnerapi-go/partnertest"
)

// follow opens both links as a browser would and prints the URLs that the browser requests. It fails if the token is
// shown where it must not be, or a link leads to the wrong page.
func follow(ctx context.Context, w io.Writer, client *partnerapi.Client, app string) error {
	direct, err := client.Signup.URL(ctx, parent)
	if err != nil {
		return err
	}
	ways := []struct {
		name, link string
		shown      bool // whether the browser sees the token
	}{
		{"Through our server", app + "/protection", false},
		{"With a direct link", direct, true},
	}
	fmt.Fprintln(w, "The input is the null device, so the program follows both links itself. A browser would request:")
	for _, way := range ways {
		fmt.Fprintf(w, "\n%s\n", way.name)
		asked, err := browse(ctx, w, way.link)
		if err != nil {
			return err
		}
		if shown := strings.Contains(strings.Join(asked, " "), partnertest.PartnerToken); shown != way.shown {
			return fmt.Errorf("%s: the token is shown: %t", way.name, shown)
		}
		if last := asked[len(asked)-1]; !strings.HasSuffix(last, "/partner/welcome") {
			return fmt.Errorf("%s: led to %s", way.name, last)
		}
	}
	fmt.Fprintln(w, "\nBoth ways lead to the landing page, and only the direct link shows the browser the token.")
	return nil
}

// browse follows a link to its end and returns every URL on the way.
func browse(ctx context.Context, w io.Writer, link string) (asked []string, err error) {
	browser := &http.Client{
		Transport:     new(http.Transport), // without a proxy: all servers are on loopback
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer browser.CloseIdleConnections()
	for range 5 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
		if err != nil {
			return nil, err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		fmt.Fprintf(w, "  %d  %s\n", resp.StatusCode, link)
		asked = append(asked, link)
		next, err := resp.Location()
		switch {
		case err == nil:
			link = next.String()
		case resp.StatusCode == http.StatusOK:
			return asked, nil
		default:
			return nil, fmt.Errorf("%s: %s", link, resp.Status)
		}
	}
	return nil, fmt.Errorf("too many redirects, the last to %s", link)
}
