package fault

// This file is a network between a client and a server: a delay, and a rate.

import (
	"net"
	"sync"
	"time"
)

// Link is a network. All its connections share its rate.
type Link struct {
	Delay time.Duration // of one way
	Rate  int           // bytes a second, each way
}

// chunk is what is sent at once. It is the unit in which the rate is shared.
const chunk = 16 << 10

// Listen takes connections that lead to target (host and port) over this link, until the listener that it returns is closed.
func (l Link) Listen(target string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	up, down := &line{link: l}, &line{link: l}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go up.carry(server, client)
			go down.carry(client, server)
		}
	}()
	return listener, nil
}

// line is one direction of a link.
type line struct {
	link Link
	mu   sync.Mutex
	free time.Time // when all that was sent has left
}

// send returns when n bytes will have left, which is when the next may follow.
func (l *line) send(n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.link.Rate))
	return l.free
}

func (l *line) carry(to, from net.Conn) {
	type packet struct {
		data []byte
		at   time.Time
	}
	underWay := make(chan packet, 1<<10)
	go func() {
		defer close(underWay)
		for {
			data := make([]byte, chunk)
			n, err := from.Read(data)
			if n > 0 {
				left := l.send(n)
				underWay <- packet{data[:n], left.Add(l.link.Delay)}
				time.Sleep(time.Until(left))
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range underWay {
		time.Sleep(time.Until(p.at))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	_, _ = to.Close(), from.Close()
	for range underWay { // what can no longer arrive
	}
}
