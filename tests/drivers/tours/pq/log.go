package main

import (
	"bufio"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Log prints one line a step: its name, and what came of it in a form that two runs have alike.
// Error texts are not promised to be alike where rows are sealed: then SQLSTATE alone.
type Log struct {
	out        *bufio.Writer
	statesOnly bool
}

func (l *Log) step(name string, run func() (any, error)) {
	value, err := run()
	shown := show(value)
	if err != nil {
		shown = l.failure(err)
	}
	fmt.Fprintf(l.out, "%s: %s\n", name, strings.ReplaceAll(shown, "\n", "\\n"))
	l.out.Flush()
}

func (l *Log) failure(err error) string {
	var e *pq.Error
	if !errors.As(err, &e) {
		return "ERROR " + err.Error()
	}
	if l.statesOnly {
		return "ERROR " + string(e.Code)
	}
	return fmt.Sprintf("ERROR %s %s %q | %q | %q | %s | %q | %s %s %s %s %s", e.Severity, e.Code, e.Message,
		e.Detail, e.Hint, e.Position, e.Where, e.Schema, e.Table, e.Column, e.Constraint, e.Routine)
}

func show(value any) string {
	switch v := value.(type) {
	case []byte:
		return fmt.Sprintf("%q", v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = show(part)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprintf("%v", value)
}

// All result sets: labels and types, then the rows, or a digest of them where there are many.
func all(rows *sql.Rows, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	sets := []any{}
	for {
		set, err := one(rows)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
		if !rows.NextResultSet() {
			return sets, rows.Err()
		}
	}
}

func one(rows *sql.Rows) (any, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	head, few, count, digest := []any{}, []any{}, 0, sha256.New()
	for _, t := range types {
		length, _ := t.Length()
		precision, scale, _ := t.DecimalSize()
		head = append(head, fmt.Sprintf("%s:%s:%d:%d:%d", t.Name(), t.DatabaseTypeName(), length, precision, scale))
	}
	for rows.Next() {
		values, into := make([]any, len(types)), make([]any, len(types))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		digest.Write([]byte(show(values)))
		if count++; count <= 60 {
			few = append(few, values)
		}
	}
	if count > 60 {
		few = []any{fmt.Sprintf("%d rows %x", count, digest.Sum(nil)[:8])}
	}
	return []any{head, few}, rows.Err()
}

func counted(result sql.Result, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return result.RowsAffected()
}

func newLog(statesOnly bool) *Log {
	return &Log{bufio.NewWriter(os.Stdout), statesOnly}
}
