package main

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const path = "search_path=tour"

var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
}

func queries(log *Log) {
	for _, mode := range modes {
		conn := connect(path, nil)
		ask := func(name, text string, args ...any) {
			log.step(fmt.Sprintf("%v/%s", mode, name), func() (any, error) {
				return all(conn.Query(background, text, append([]any{mode}, args...)...))
			})
		}
		ask("simple", "SELECT 1 AS 一, 'x'::text, NULL")
		ask("syntax", "SELEC 1")
		ask("empty", "")
		ask("no-table", "SELECT * FROM nowhere WHERE id = $1", 1)
		ask("raised", "SELECT failed($1)", "甲")
		for again := range 3 {
			ask("parameters", "SELECT id, name, joined, salary FROM staff WHERE code = $1 AND id < $2 ORDER BY id", "0002", 4+again)
		}
		ask("array", "SELECT id FROM staff WHERE id = ANY ($1::int[]) ORDER BY id", []int32{1, 3, 5})
		ask("kinds", "SELECT * FROM kind WHERE id < $1 ORDER BY id", 4)
		when := time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
		ask("kinds/written", "INSERT INTO kind (id, flag, name, moment, raw, docb, ints, texts, day, float8) VALUES"+
			" ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *", 20, true, "李四'\"\\%😀", when, []byte{0, 255, 92, 39},
			map[string]any{"姓名": []any{"王五", nil}}, []int32{1, 3}, []string{"a,b", "引\""}, nil, 0.1)
		ask("deleted", "DELETE FROM kind WHERE id = $1", 20)
		transactions(log, conn, fmt.Sprint(mode))
		changed(log, conn, mode)
		conn.Close(background)
	}
}

func changed(log *Log, conn *pgx.Conn, mode pgx.QueryExecMode) {
	conn.Exec(background, "DROP TABLE IF EXISTS growing; CREATE TABLE growing (a int); INSERT INTO growing VALUES (1)")
	ask := func(name string) {
		log.step(fmt.Sprintf("%v/ddl/%s", mode, name), func() (any, error) {
			return all(conn.Query(background, "SELECT * FROM growing", mode))
		})
	}
	ask("before")
	conn.Exec(background, "ALTER TABLE growing ADD b text DEFAULT '新'")
	ask("after")
	ask("again")
	log.step(fmt.Sprintf("%v/known", mode), func() (any, error) {
		return all(conn.Query(background, "SELECT statement, parameter_types::text FROM pg_prepared_statements ORDER BY 1", mode))
	})
}

func transactions(log *Log, conn *pgx.Conn, mode string) {
	tx, _ := conn.Begin(background)
	do := func(name string, within pgx.Tx, text string, args ...any) {
		log.step(mode+"/"+name, func() (any, error) { return within.Exec(background, text, args...) })
	}
	do("insert", tx, "INSERT INTO department VALUES ($1, $2)", "0100", "一")
	nested, _ := tx.Begin(background)
	do("duplicate", nested, "INSERT INTO department VALUES ($1, $2)", "0100", "二")
	do("aborted", nested, "SELECT $1::int", 1)
	log.step(mode+"/rollback-to", func() (any, error) { return nil, nested.Rollback(background) })
	do("foreign-key", tx, "DELETE FROM department WHERE code = $1", "0001")
	log.step(mode+"/commit-of-aborted", func() (any, error) { return nil, tx.Commit(background) })
	log.step(mode+"/rolled-back", func() (any, error) { return all(conn.Query(background, "SELECT count(*) FROM department")) })
	tx, _ = conn.BeginTx(background, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly, DeferrableMode: pgx.Deferrable})
	do("read-only", tx, "DELETE FROM department")
	tx.Rollback(background)
}
