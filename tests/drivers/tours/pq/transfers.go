package main

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

const big = "SELECT i, md5(i::text) AS m, repeat('汉', i % 9) AS r FROM generate_series(1, 100000) AS i"

func transfers(log *Log) {
	db, conn := connect(path)
	defer db.Close()
	log.step("big/simple", func() (any, error) { return all(conn.QueryContext(background, big)) })
	log.step("big/extended", func() (any, error) { return all(conn.QueryContext(background, big+" WHERE i > $1", 0)) })
	log.step("big/left-early", func() (any, error) {
		rows, err := conn.QueryContext(background, big)
		if err != nil {
			return nil, err
		}
		rows.Next()
		return nil, rows.Close()
	})
	log.step("wide", func() (any, error) {
		return all(conn.QueryContext(background, "SELECT md5($1), length($2::bytea)", strings.Repeat("汉", 1000000), make([]byte, 3000000)))
	})
	copies(log, conn)
	notices(log)
	notifications(log, conn)
}

func copies(log *Log, conn *sql.Conn) {
	in := func(name, statement string, rows [][]any) {
		log.step(name, func() (any, error) {
			tx, err := conn.BeginTx(background, nil)
			if err != nil {
				return nil, err
			}
			defer tx.Rollback()
			stmt, err := tx.Prepare(statement)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				if _, err := stmt.Exec(row...); err != nil {
					return nil, err
				}
			}
			result, err := stmt.Exec()
			if err != nil {
				return nil, err
			}
			if err := stmt.Close(); err != nil {
				return nil, err
			}
			count, _ := result.RowsAffected()
			return count, tx.Commit()
		})
	}
	in("copy-in", pq.CopyIn("written", "id", "body", "at_least"), [][]any{{1, "甲\t\n\\", 1}, {2, nil, nil}})
	many := [][]any{}
	for i := range 20000 {
		many = append(many, []any{1000 + i, "第", 0})
	}
	in("copy-in/many", pq.CopyInSchema("tour", "written", "id", "body", "at_least"), many)
	in("copy-in/bad-row", pq.CopyIn("written", "id"), [][]any{{5}, {"six"}})
	in("copy-in/no-table", pq.CopyIn("nowhere", "id"), nil)
	in("copy-in/check", pq.CopyIn("written", "id", "at_least"), [][]any{{7, -1}})
	log.step("copy-in/after", func() (any, error) {
		return all(conn.QueryContext(background, "SELECT count(*), sum(id), min(body), count(body) FROM written"))
	})
}

func notices(log *Log) {
	connector, err := pq.NewConnector(path)
	if err != nil {
		panic(err)
	}
	told := []any{}
	db := sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, func(notice *pq.Error) {
		told = append(told, fmt.Sprint(notice.Severity, notice.Code, notice.Message, notice.Detail, notice.Hint))
	}))
	defer db.Close()
	log.step("notices", func() (any, error) {
		var n int
		err := db.QueryRow("SELECT said('甲')").Scan(&n)
		return []any{n, told}, err
	})
	log.step("notices/extended", func() (any, error) {
		var n int
		err := db.QueryRow("SELECT said($1)", "乙").Scan(&n)
		return []any{n, told}, err
	})
}

func notifications(log *Log, conn *sql.Conn) {
	listener := pq.NewListener(path, time.Second, time.Minute, nil)
	defer listener.Close()
	log.step("listen", func() (any, error) { return nil, listener.Listen("频道") })
	log.step("listen/again", func() (any, error) { return nil, listener.Listen("频道") })
	log.step("notify", func() (any, error) {
		return counted(conn.ExecContext(background, "NOTIFY 频道, 'from another: 你好'"))
	})
	log.step("notify/function", func() (any, error) {
		return all(conn.QueryContext(background, "SELECT pg_notify('频道', $1)", "by a function"))
	})
	for range 2 {
		log.step("heard", func() (any, error) {
			select {
			case one := <-listener.Notify:
				return []any{one.Channel, one.Extra}, nil
			case <-time.After(10 * time.Second):
				return "nothing", nil
			}
		})
	}
	log.step("listener/ping", func() (any, error) { return nil, listener.Ping() })
	log.step("unlisten", func() (any, error) { return nil, listener.Unlisten("频道") })
}
