package fault

// This file holds the connections of clients: counted, reset, and broken off in the handshake.

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// alert is a TLS record: fatal, handshake_failure (RFC 8446, 5.1 and 6).
var alert = [...]byte{21, 3, 3, 0, 2, 2, 40}

// conns are the open connections of clients.
type conns struct {
	mu       sync.Mutex
	open     map[net.Conn]bool
	breaking bool // the next handshake
}

// breakNext closes all connections, so that the next request needs a handshake, and lets that one fail.
func (c *conns) breakNext() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaking = true
	for conn := range c.open {
		_ = conn.Close()
	}
	clear(c.open)
}

// add takes a new connection in, and tells whether its handshake is to fail.
func (c *conns) add(conn net.Conn) (broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.breaking {
		c.breaking = false
		return true
	}
	if c.open == nil {
		c.open = map[net.Conn]bool{}
	}
	c.open[conn] = true
	return false
}

func (c *conns) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

// listener counts what is written to its connections, and breaks the next one off where that is wanted.
type listener struct {
	net.Listener
	p *Proxy
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.p.conns.add(c) {
		return &brokenConn{Conn: c, p: l.p}, nil
	}
	return countedConn{c, l.p}, nil
}

type countedConn struct {
	net.Conn
	p *Proxy
}

func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.p.bytes.Add(int64(n))
	return n, err
}

func (c countedConn) Close() error {
	c.p.conns.remove(c.Conn)
	return c.Conn.Close()
}

// brokenConn refuses the handshake where the server would answer the client's hello.
type brokenConn struct {
	net.Conn
	p    *Proxy
	once sync.Once
}

func (c *brokenConn) Write(b []byte) (int, error) {
	c.once.Do(func() {
		c.p.play(TLS)
		_, _ = c.Conn.Write(alert[:])
		_ = c.Conn.Close()
	})
	return len(b), nil
}

type connKey struct{}

// withConn lets a request know its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// reset resets the TCP connection of a request: the peer gets RST and not FIN.
func reset(r *http.Request) {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	if over, ok := c.(*tls.Conn); ok {
		c = over.NetConn()
	}
	if counted, ok := c.(countedConn); ok {
		if tcp, ok := counted.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = counted.Close()
	}
}
