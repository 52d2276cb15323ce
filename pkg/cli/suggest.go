package cli

// What may have been meant by a word that is none of ours.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearest lists the candidates that are like a word, by cobra's own measure for commands.
func nearest(word string, candidates []string) []string {
	among := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, c := range candidates {
		among.AddCommand(&cobra.Command{Use: c, Run: func(*cobra.Command, []string) {}})
	}
	return among.SuggestionsFor(word)
}

// didYouMean adds to an error what may have been meant.
func didYouMean(err error, near []string) error {
	if len(near) == 0 {
		return err
	}
	return fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
}

// flagError is a mistake in a flag, as usage error.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && len(unknown.GetSpecifiedName()) > 1 {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		err = didYouMean(err, nearest("--"+unknown.GetSpecifiedName(), names))
	}
	return usageError{c.CommandPath(), err}
}
