package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/vod-callback/recorder/cmd/vodctl/internal/query"
	"github.com/vod-callback/recorder/internal/store"
)

func newShow() *cobra.Command {
	var from fromFlag
	var format string
	cmd := &cobra.Command{
		Use:   "show MEDIA_ID",
		Short: "Show every record of one medium, oldest first",
		Long: `Show every record of one medium, oldest first: -o json for reading, -o ndjson as
stored. Where IMS gave an event no MediaId, it is found by its JobId.

It costs one listing for each day that the store has, side by side.

` + accessHelp,
		Example: `  vodctl show 1234343b689a4f0e9a5422dfe1e472a4
  vodctl show 1234343b689a4f0e9a5422dfe1e472a4 -o ndjson | jq -r '[.event_time, .status, .error_code] | @tsv'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usagef("want one MEDIA_ID")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			var out rowWriter
			switch format {
			case "json":
				out = newJSON(cmd.OutOrStdout())
			case "ndjson":
				out = newNDJSON(cmd.OutOrStdout())
			default:
				return usagef("-o %q: want json or ndjson", format)
			}
			src, err := from.open()
			if err != nil {
				return err
			}
			l := listing{cmd: cmd, source: src, query: query.Query{Media: args[0], OldestFirst: true}}
			shown, err := l.run(out)
			switch {
			case err == nil && shown == 0:
				return noMedium(cmd, src, args[0])
			case err == nil && l.bad.count() >= shown:
				return fmt.Errorf("none of the records of %q can be read", harmless(args[0]))
			}
			return err
		},
	}
	from.add(cmd, cmd.Flags())
	cmd.Flags().StringVarP(&format, "output", "o", "json", "the format: json, ndjson")
	complete(cmd, "output", "json", "ndjson")
	return cmd
}

// noMedium says that there is no record of a medium, and what there is instead.
func noMedium(cmd *cobra.Command, src source, id string) error {
	if err := src.nothing(cmd.Context(), io.Discard, span{}, time.UTC, false); err != nil {
		return err
	}
	return fmt.Errorf("no record of %q in %s. The edit may still run, its callback may have been rejected ('vodctl replay --rejected --dry-run'), "+
		"or be known by another ID ('vodctl list --since 24h')", harmless(id), src.url)
}

// A jsonWriter writes records for reading, each over several lines.
type jsonWriter struct {
	out  *bufio.Writer
	live bool
}

func newJSON(out io.Writer) rowWriter {
	data, live := dataWriter(out)
	return jsonWriter{bufio.NewWriter(data), live}
}

func (w jsonWriter) opens(store.KeyFacts) bool { return true }

func (w jsonWriter) row(r query.Row) (bool, error) {
	if r.Err != nil {
		return false, nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(r.Line), "", "  "); err != nil {
		return false, err
	}
	b.WriteByte('\n')
	_, err := w.out.Write(b.Bytes())
	return w.live, err
}

func (w jsonWriter) flush() error { return w.out.Flush() }
