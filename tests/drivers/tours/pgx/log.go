package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Log prints one line a step: its name, and what came of it in a form that two runs have alike.
// Error texts are not promised to be alike where rows are sealed: then SQLSTATE alone.
type Log struct {
	statesOnly bool
}

func (l *Log) step(name string, run func() (any, error)) {
	value, err := run()
	shown := fmt.Sprintf("%v", value)
	if err != nil {
		shown = l.failure(err)
	}
	fmt.Fprintf(os.Stdout, "%s: %s\n", name, strings.ReplaceAll(shown, "\n", "\\n"))
}

func (l *Log) failure(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return "ERROR " + err.Error()
	}
	if l.statesOnly {
		return "ERROR " + e.Code
	}
	return fmt.Sprintf("ERROR %s %s %q | %q | %q | %d | %q | %s %s %s %s %s", e.Severity, e.Code, e.Message,
		e.Detail, e.Hint, e.Position, e.Where, e.SchemaName, e.TableName, e.ColumnName, e.ConstraintName, e.Routine)
}

// Columns with types and formats, the command tag, then the rows: all, or a digest of many.
func all(rows pgx.Rows, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var few strings.Builder
	count, digest := 0, sha256.New()
	for rows.Next() {
		row := []string{}
		for _, raw := range rows.RawValues() {
			if raw == nil {
				row = append(row, "NULL")
			} else {
				row = append(row, fmt.Sprintf("%q", raw))
			}
		}
		// Both what came and what the driver makes of it.
		values, err := rows.Values()
		if err != nil {
			row = append(row, err.Error())
		}
		line := fmt.Sprintf("(%s => %v)", strings.Join(row, ", "), values)
		digest.Write([]byte(line))
		if count++; count <= 60 {
			few.WriteString(line)
		}
	}
	head := []string{}
	for _, f := range rows.FieldDescriptions() {
		head = append(head, fmt.Sprintf("%s:%d:%d:%d:%d", f.Name, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format))
	}
	shown := few.String()
	if count > 60 {
		shown = fmt.Sprintf("%d rows %x", count, digest.Sum(nil)[:8])
	}
	return fmt.Sprint(head, " ", rows.CommandTag(), " ", shown), rows.Err()
}
