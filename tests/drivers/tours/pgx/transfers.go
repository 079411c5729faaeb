package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const big = "SELECT i, md5(i::text) AS m, repeat('汉', i % 9) AS r FROM generate_series(1, 100000) AS i"

func transfers(log *Log) {
	told := []string{}
	conn := connect(path, &told)
	defer conn.Close(background)
	log.step("big/binary", func() (any, error) { return all(conn.Query(background, big)) })
	log.step("big/simple", func() (any, error) { return all(conn.Query(background, big, pgx.QueryExecModeSimpleProtocol)) })
	log.step("wide", func() (any, error) {
		return all(conn.Query(background, "SELECT md5($1), length($2::bytea)", strings.Repeat("汉", 1000000), make([]byte, 3000000)))
	})
	copies(log, conn)
	log.step("notices", func() (any, error) {
		value, err := all(conn.Query(background, "SELECT said($1)", "甲"))
		return []any{value, told}, err
	})
	notifications(log, conn)
	log.step("large-object", func() (any, error) { return largeObject(conn) })
	log.step("pool", pooled)
}

func copies(log *Log, conn *pgx.Conn) {
	for _, how := range []string{"", " WITH (FORMAT csv, HEADER)", " WITH (FORMAT binary)"} {
		log.step("copy-out"+how, func() (any, error) {
			var out bytes.Buffer
			tag, err := conn.PgConn().CopyTo(background, &out, "COPY (SELECT id, name, doc FROM tour.kind ORDER BY id) TO STDOUT"+how)
			return fmt.Sprintf("%v %q", tag, out.String()), err
		})
	}
	conn.Exec(background, "DELETE FROM written")
	columns := []string{"id", "body", "at_least"}
	in := func(name, table string, rows [][]any) {
		log.step(name, func() (any, error) {
			return conn.CopyFrom(background, pgx.Identifier{"tour", table}, columns, pgx.CopyFromRows(rows))
		})
	}
	in("copy-in", "written", [][]any{{1, "甲\t\n\\", 1}, {2, nil, nil}})
	many := [][]any{}
	for i := range 20000 {
		many = append(many, []any{1000 + i, "第", 0})
	}
	in("copy-in/many", "written", many)
	in("copy-in/check", "written", [][]any{{7, "x", -1}})
	in("copy-in/no-table", "nowhere", nil)
	text := func(name, rows string) {
		log.step(name, func() (any, error) {
			return conn.PgConn().CopyFrom(background, strings.NewReader(rows), "COPY tour.written FROM STDIN")
		})
	}
	text("copy-in/text", "3\tx\t1\n")
	text("copy-in/bad-row", "5\tx\t1\nsix\tx\t1\n")
	text("copy-in/bad-row-of-many", "x\tx\t1\n"+strings.Repeat("60000\tx\t1\n", 100000))
	log.step("copy-in/after", func() (any, error) {
		return all(conn.Query(background, "SELECT count(*), sum(id), min(body), count(body) FROM written"))
	})
}

func notifications(log *Log, conn *pgx.Conn) {
	log.step("listen", func() (any, error) { return conn.Exec(background, "LISTEN 频道") })
	other := connect(path, nil)
	other.Exec(background, "NOTIFY 频道, 'from another: 你好'")
	other.Exec(background, "SELECT pg_notify('频道', $1)", "by a function")
	other.Close(background)
	conn.Exec(background, "NOTIFY 频道, 'from itself'")
	for range 3 {
		log.step("heard", func() (any, error) {
			ctx, cancel := context.WithTimeout(background, 10*time.Second)
			defer cancel()
			one, err := conn.WaitForNotification(ctx)
			if err != nil {
				return nil, err
			}
			return []any{one.Channel, one.Payload}, nil
		})
	}
	log.step("unlisten", func() (any, error) { return conn.Exec(background, "UNLISTEN *") })
}

// By functions of the server that are called in SELECT.
func largeObject(conn *pgx.Conn) (any, error) {
	tx, err := conn.Begin(background)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(background)
	objects := tx.LargeObjects()
	oid, err := objects.Create(background, 0)
	if err != nil {
		return nil, err
	}
	object, err := objects.Open(background, oid, pgx.LargeObjectModeRead|pgx.LargeObjectModeWrite)
	if err != nil {
		return nil, err
	}
	if _, err := object.Write([]byte("大对象")); err != nil {
		return nil, err
	}
	object.Seek(3, 0)
	read := make([]byte, 6)
	n, err := object.Read(read)
	return []any{n, string(read)}, err
}

func pooled() (any, error) {
	pool, err := pgxpool.New(background, "pool_max_conns=3 search_path=tour")
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	answers := make([]int, 30)
	done := make(chan error)
	for i := range answers {
		go func() { done <- pool.QueryRow(background, "SELECT $1::int * 2", i).Scan(&answers[i]) }()
	}
	for range answers {
		if err := <-done; err != nil {
			return nil, err
		}
	}
	return answers, pool.Ping(background)
}
