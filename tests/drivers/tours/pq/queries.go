package main

import (
	"database/sql"
	"fmt"

	"github.com/lib/pq"
)

const path = "search_path=tour"

func queries(log *Log) {
	for _, binary := range []string{"no", "yes"} {
		db, conn := connect(path + " binary_parameters=" + binary)
		ask := func(name, text string, args ...any) {
			log.step(name+"/binary-"+binary, func() (any, error) { return all(conn.QueryContext(background, text, args...)) })
		}
		ask("simple", "SELECT 1 AS 一, 'x'::text, NULL")
		ask("several", "SELECT 1; UPDATE staff SET salary = salary WHERE id < 4; SELECT 2 WHERE false;")
		ask("several-failing", "SELECT 1; SELECT 1/0; SELECT 2")
		ask("empty", "")
		ask("syntax", "SELEC 1")
		ask("no-table", "SELECT * FROM nowhere WHERE id = $1", 1)
		ask("raised", "SELECT failed('甲')")
		ask("raised/extended", "SELECT failed($1)", "乙")
		ask("parameters", "SELECT id, name, joined FROM staff WHERE code = $1 AND id < $2 ORDER BY id", "0002", 8)
		ask("array", "SELECT id FROM staff WHERE id = ANY ($1) ORDER BY id", pq.Array([]int64{1, 3, 5}))
		ask("bad-parameter", "SELECT $1::int", "abc")
		ask("kinds", "SELECT * FROM kind WHERE id < 4 ORDER BY id")
		ask("kinds/extended", "SELECT * FROM kind WHERE id < $1 ORDER BY id", 4)
		ask("kinds/written", "INSERT INTO kind (id, flag, amount, name, raw, docb, ints, texts, day) VALUES"+
			" ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *", 20, true, "1234567890123.5", "李四'\"\\%😀",
			[]byte{0, 255, 92, 39}, `{"姓名": "王五"}`, pq.Array([]int64{1, 3}), pq.Array([]string{"a,b", "引\""}), nil)
		log.step("count/binary-"+binary, func() (any, error) {
			return counted(conn.ExecContext(background, "DELETE FROM kind WHERE id = 20"))
		})
		prepared(log, conn, binary)
		transactions(log, conn, binary)
		db.Close()
	}
}

func prepared(log *Log, conn *sql.Conn, binary string) {
	stmt, err := conn.PrepareContext(background, "SELECT name FROM staff WHERE id = $1")
	if err != nil {
		panic(err)
	}
	for id := 1; id <= 7; id++ {
		log.step(fmt.Sprintf("prepared/%s/%d", binary, id), func() (any, error) { return all(stmt.Query(id)) })
	}
	conn.ExecContext(background, "DROP TABLE IF EXISTS growing; CREATE TABLE growing (a int); INSERT INTO growing VALUES (1)")
	growing, err := conn.PrepareContext(background, "SELECT * FROM growing")
	if err != nil {
		panic(err)
	}
	log.step("ddl/before/"+binary, func() (any, error) { return all(growing.Query()) })
	conn.ExecContext(background, "ALTER TABLE growing ADD b text DEFAULT '新'")
	log.step("ddl/after/"+binary, func() (any, error) { return all(growing.Query()) })
	log.step("known/"+binary, func() (any, error) {
		return all(conn.QueryContext(background, "SELECT statement, parameter_types::text FROM pg_prepared_statements ORDER BY 1"))
	})
	log.step("many/"+binary, func() (any, error) {
		sum := 0
		for i := 0; i < 50; i++ {
			one, err := conn.PrepareContext(background, fmt.Sprintf("SELECT $1::int + %d", i))
			if err != nil {
				return nil, err
			}
			var n int
			if err := one.QueryRow(i).Scan(&n); err != nil {
				return nil, err
			}
			sum += n
			one.Close()
		}
		return sum, nil
	})
	stmt.Close()
	growing.Close()
}

func transactions(log *Log, conn *sql.Conn, binary string) {
	tx, _ := conn.BeginTx(background, nil)
	do := func(name, text string, args ...any) {
		log.step(name+"/"+binary, func() (any, error) { return counted(tx.Exec(text, args...)) })
	}
	do("insert", "INSERT INTO department VALUES ($1, $2)", "0100", "一")
	do("savepoint", "SAVEPOINT kept")
	do("duplicate", "INSERT INTO department VALUES ($1, $2)", "0100", "二")
	do("aborted", "SELECT 1")
	do("rollback-to", "ROLLBACK TO kept")
	do("foreign-key", "DELETE FROM department WHERE code = $1", "0001")
	log.step("commit-of-aborted/"+binary, func() (any, error) { return nil, tx.Commit() })
	log.step("rolled-back/"+binary, func() (any, error) {
		return all(conn.QueryContext(background, "SELECT count(*) FROM department"))
	})
	log.step("serializable/"+binary, func() (any, error) {
		tx, err := conn.BeginTx(background, &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
		if err != nil {
			return nil, err
		}
		defer tx.Rollback()
		return counted(tx.Exec("DELETE FROM department"))
	})
	log.step("cursor/"+binary, func() (any, error) {
		tx, err := conn.BeginTx(background, nil)
		if err != nil {
			return nil, err
		}
		defer tx.Rollback()
		if _, err := tx.Exec("DECLARE walking CURSOR FOR SELECT id, name FROM staff ORDER BY id"); err != nil {
			return nil, err
		}
		seen := []any{}
		for range 4 {
			some, err := all(tx.Query("FETCH 6 FROM walking"))
			if err != nil {
				return nil, err
			}
			seen = append(seen, some)
		}
		return seen, nil
	})
	log.step("no-wait/"+binary, func() (any, error) {
		tx, _ := conn.BeginTx(background, nil)
		defer tx.Rollback()
		tx.Exec("SELECT 1 FROM staff WHERE id = 1 FOR UPDATE")
		db, other := connect(path)
		defer db.Close()
		return all(other.QueryContext(background, "SELECT id FROM staff WHERE id = 1 FOR UPDATE NOWAIT"))
	})
}
