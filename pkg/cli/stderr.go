package cli

// Standard error: what client-go logs (nothing, unless asked for with -v), what the API server warns of (once), and the progress line
// that both must not tear.

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kubectl-scars/kubectl-scars/pkg/term"
)

// mostVerbose is the level from which on client-go logs no more than URLs and headers, tokens masked. Above it, bodies are logged, and
// with them Secrets (kubernetes v1.37.2 client-go/rest/request.go, logBody).
const mostVerbose = 7

// stderr is written to by whoever has something to say while a command runs.
type stderr struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *stderr) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// through sends what is written through another writer, until the function that it returns is called.
func (s *stderr) through(w io.Writer) (back func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.w
	s.w = w
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.w = before
	}
}

// log sets up klog, which client-go writes to and which is one for the whole process: silent by default, because what matters of it
// reaches the user as an error or a line of coverage.
func (r *root) log() error {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{
		"logtostderr": "false", "one_output": "true", "stderrthreshold": "FATAL", "v": strconv.Itoa(min(r.verbosity, mostVerbose)),
	} {
		if err := flags.Set(name, value); err != nil {
			return fmt.Errorf("klog flag %s: %w", name, err)
		}
	}
	klog.SetOutput(io.Discard)
	if r.verbosity > 0 {
		klog.SetOutput(r.stderr)
	}
	if r.verbosity > mostVerbose {
		fmt.Fprintf(r.stderr, "-v %d logs as -v %d: bodies may hold secrets and are not logged\n", r.verbosity, mostVerbose)
	}
	return nil
}

func (r *root) addVerbosity(flags *pflag.FlagSet) {
	flags.IntVarP(&r.verbosity, "v", "v", 0, "Log to standard error: 6 for requests, 7 with headers. Bodies are never logged")
}

// warnings shows what the API server warns of.
type warnings struct{ rest.WarningHandler }

func (w warnings) HandleWarningHeader(code int, agent, text string) {
	w.WarningHandler.HandleWarningHeader(code, agent, term.Sanitize(text))
}

func (r *root) newWarnings() rest.WarningHandler {
	colour := term.ResolveColour(r.color, r.env.ErrTTY != nil, r.env.Getenv)
	return warnings{rest.NewWarningWriter(r.stderr, rest.WarningWriterOptions{Deduplicate: true, Color: colour})}
}
