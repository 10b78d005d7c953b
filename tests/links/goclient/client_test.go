// Package goclient drives a Toxiproxy server, whose address is in TOXIPROXY_URL, with Shopify's
// own client: what this client does with Shopify's server, it must do with any other.
package goclient

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func client(t *testing.T) *toxiproxy.Client {
	t.Helper()
	url := os.Getenv("TOXIPROXY_URL")
	if url == "" {
		t.Fatal("set TOXIPROXY_URL to the address of a running emulator")
	}
	return toxiproxy.NewClient(url)
}

func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func proxy(t *testing.T, c *toxiproxy.Client, upstream string) *toxiproxy.Proxy {
	t.Helper()
	p, err := c.CreateProxy(t.Name(), "127.0.0.1:0", upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Delete() })
	return p
}

func roundTrip(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	start := time.Now()
	message := []byte("ping")
	if _, err := conn.Write(message); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, message); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func apiError(t *testing.T, err error, status int, message string) {
	t.Helper()
	var refused *toxiproxy.ApiError
	if !errors.As(err, &refused) {
		t.Fatalf("not an ApiError: %v", err)
	}
	if refused.Status != status || !strings.Contains(refused.Message, message) {
		t.Fatalf("got %v, want %d %q", refused, status, message)
	}
}

func TestVersion(t *testing.T) {
	version, err := client(t).Version()
	if err != nil || !strings.Contains(string(version), "2.12.0") {
		t.Fatalf("%s %v", version, err)
	}
}

func TestProxyLifeCycle(t *testing.T) {
	c, upstream := client(t), echo(t)
	p := proxy(t, c, upstream)
	if !p.Enabled || strings.HasSuffix(p.Listen, ":0") {
		t.Fatalf("%+v", p)
	}
	roundTrip(t, dial(t, p.Listen))
	_, err := c.CreateProxy(t.Name(), "127.0.0.1:0", upstream)
	apiError(t, err, 409, "proxy already exists")
	if err := p.Disable(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", p.Listen); err == nil {
		conn.Close()
		t.Fatal("a disabled proxy listens")
	}
	if err := p.Enable(); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, dial(t, p.Listen))
	all, err := c.Proxies()
	if err != nil || all[t.Name()] == nil || all[t.Name()].Upstream != upstream {
		t.Fatalf("%v %v", all, err)
	}
	if err := p.Delete(); err != nil {
		t.Fatal(err)
	}
	_, err = c.Proxy(t.Name())
	apiError(t, err, 404, "proxy not found")
}

func TestToxicLifeCycle(t *testing.T) {
	c := client(t)
	p := proxy(t, c, echo(t))
	made, err := p.AddToxic("", "latency", "", 1, toxiproxy.Attributes{"latency": 20, "jitter": 0})
	if err != nil {
		t.Fatal(err)
	}
	if made.Name != "latency_downstream" || made.Stream != "downstream" ||
		made.Attributes["latency"] != 20.0 {
		t.Fatalf("%+v", made)
	}
	conn := dial(t, p.Listen)
	roundTrip(t, conn)
	if took := roundTrip(t, conn); took < 20*time.Millisecond {
		t.Fatalf("20 ms took %v", took)
	}
	_, err = p.AddToxic("", "latency", "", 1, nil)
	apiError(t, err, 409, "toxic already exists")
	changed, err := p.UpdateToxic("latency_downstream", -1, toxiproxy.Attributes{"latency": 40})
	if err != nil || changed.Attributes["latency"] != 40.0 || changed.Toxicity != 1 {
		t.Fatalf("%+v %v", changed, err)
	}
	roundTrip(t, conn)
	if took := roundTrip(t, conn); took < 40*time.Millisecond {
		t.Fatalf("40 ms took %v", took)
	}
	if err := p.RemoveToxic("latency_downstream"); err != nil {
		t.Fatal(err)
	}
	left, err := p.Toxics()
	if err != nil || len(left) != 0 {
		t.Fatalf("%v %v", left, err)
	}
	apiError(t, p.RemoveToxic("latency_downstream"), 404, "toxic not found")
	_, err = p.AddToxic("", "nonsense", "", 1, nil)
	apiError(t, err, 400, "invalid toxic type")
	_, err = p.AddToxic("", "latency", "sideways", 1, nil)
	apiError(t, err, 400, "stream was invalid")
}

func TestEveryToxicOfToxiproxyIsKnown(t *testing.T) {
	p := proxy(t, client(t), echo(t))
	for kind, attributes := range map[string]toxiproxy.Attributes{
		"latency":    {"latency": 1, "jitter": 1},
		"bandwidth":  {"rate": 1000},
		"timeout":    {"timeout": 1000},
		"slow_close": {"delay": 1},
		"slicer":     {"average_size": 64, "size_variation": 32, "delay": 10},
		"limit_data": {"bytes": 1000},
		"reset_peer": {"timeout": 1000},
	} {
		made, err := p.AddToxic("", kind, "upstream", 0.5, attributes)
		if err != nil {
			t.Fatal(kind, err)
		}
		if made.Type != kind || made.Toxicity != 0.5 {
			t.Fatalf("%+v", made)
		}
		for name, value := range attributes {
			if made.Attributes[name] != float64(value.(int)) {
				t.Fatalf("%s: %+v", kind, made)
			}
		}
	}
}

func TestPopulateAndReset(t *testing.T) {
	c, upstream := client(t), echo(t)
	made, err := c.Populate([]toxiproxy.Proxy{
		{Name: "populated-a", Listen: "127.0.0.1:0", Upstream: upstream, Enabled: true},
		{Name: "populated-b", Listen: "127.0.0.1:0", Upstream: upstream, Enabled: false},
	})
	if err != nil || len(made) != 2 || !made[0].Enabled || made[1].Enabled {
		t.Fatalf("%+v %v", made, err)
	}
	t.Cleanup(func() { _, _ = made[0].Delete(), made[1].Delete() })
	if _, err := made[0].AddToxic("", "timeout", "", 1, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.ResetState(); err != nil {
		t.Fatal(err)
	}
	all, err := c.Proxies()
	if err != nil || !all["populated-b"].Enabled || len(all["populated-a"].ActiveToxics) != 0 {
		t.Fatalf("%+v %v", all, err)
	}
	_, err = c.Populate([]toxiproxy.Proxy{{Name: "populated-c"}})
	apiError(t, err, 400, "missing required field: upstream at proxy 1")
}

func TestAPortThatIsTaken(t *testing.T) {
	upstream := echo(t)
	_, err := client(t).CreateProxy(t.Name(), upstream, upstream)
	apiError(t, err, 500, "listen tcp "+upstream+": bind: address already in use")
}
