package main

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Batches, an error in the middle of one, the pipeline of the protocol, cursors.
func pipelines(log *Log) {
	conn := connect(path, nil)
	defer conn.Close(background)
	conn.Exec(background, "DELETE FROM written")
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		conn := connect(path+" default_query_exec_mode="+mode, nil)
		defer conn.Close(background)
		for _, bad := range []int{-1, 12} {
			log.step(fmt.Sprintf("batch/%v/%d", mode, bad), func() (any, error) { return batch(conn, bad) })
			log.step(fmt.Sprintf("batch/%v/%d/count", mode, bad), func() (any, error) {
				return all(conn.Query(background, "SELECT count(*), sum(id) FROM written"))
			})
		}
	}
	log.step("batch/one-answer-unread", func() (any, error) {
		queued := &pgx.Batch{}
		for i := range 10 {
			queued.Queue("SELECT $1::int", i)
		}
		results := conn.SendBatch(background, queued)
		return nil, results.Close()
	})
	log.step("pipeline", func() (any, error) { return pipeline(conn.PgConn()) })
	log.step("pipeline/after", func() (any, error) { return all(conn.Query(background, "SELECT 1")) })
	log.step("several", func() (any, error) {
		return several(conn.PgConn(), "SELECT 1; UPDATE tour.staff SET salary = salary WHERE id < 4; SELECT 2 WHERE false;;")
	})
	log.step("several/failing", func() (any, error) { return several(conn.PgConn(), "SELECT 1; SELECT 1/0; SELECT 2") })
	log.step("cursor", func() (any, error) {
		tx, err := conn.Begin(background)
		if err != nil {
			return nil, err
		}
		defer tx.Rollback(background)
		if _, err := tx.Exec(background, "DECLARE walking SCROLL CURSOR FOR SELECT id, name FROM staff WHERE id <= 20 ORDER BY id"); err != nil {
			return nil, err
		}
		seen := []any{}
		for _, move := range []string{"FETCH 6", "FETCH BACKWARD 2", "MOVE LAST IN", "FETCH PRIOR", "FETCH ALL"} {
			text := move + " FROM walking"
			if move == "MOVE LAST IN" {
				text = move + " walking"
			}
			some, err := all(tx.Query(background, text))
			if err != nil {
				return nil, err
			}
			seen = append(seen, some)
		}
		return seen, nil
	})
}

func batch(conn *pgx.Conn, bad int) (any, error) {
	queued := &pgx.Batch{}
	for i := range 20 {
		amount := i
		if i == bad {
			amount = -1
		}
		queued.Queue("INSERT INTO written VALUES ((SELECT coalesce(max(id), 0) + 1 FROM written), $1, $2)", "第", amount)
		queued.Queue("SELECT $1::text", fmt.Sprint(i))
	}
	results := conn.SendBatch(background, queued)
	defer results.Close()
	seen := []any{}
	for range 20 {
		tag, err := results.Exec()
		if err != nil {
			return nil, fmt.Errorf("after %v: %w", seen, err)
		}
		var text string
		if err := results.QueryRow().Scan(&text); err != nil {
			return nil, err
		}
		seen = append(seen, tag, text)
	}
	return seen, results.Close()
}

// Prepared and run before the first answer, with two syncs and an error between them.
func pipeline(conn *pgconn.PgConn) (any, error) {
	p := conn.StartPipeline(background)
	p.SendPrepare("halved", "SELECT 100 / $1::int", nil)
	for _, n := range []string{"1", "2", "0", "5"} {
		p.SendQueryPrepared("halved", [][]byte{[]byte(n)}, nil, nil)
	}
	p.SendPipelineSync()
	p.SendQueryParams("SELECT $1::text", [][]byte{[]byte("汉")}, nil, nil, nil)
	p.SendDeallocate("halved")
	p.SendFlushRequest()
	p.SendPipelineSync()
	if err := p.Flush(); err != nil {
		return nil, err
	}
	seen := []string{}
	for range 12 {
		answer, err := p.GetResults()
		switch v := answer.(type) {
		case *pgconn.ResultReader:
			result := v.Read()
			seen = append(seen, fmt.Sprintf("%q %v %v", result.Rows, result.CommandTag, result.Err))
		case nil:
			seen = append(seen, fmt.Sprint("nothing ", err))
		default:
			seen = append(seen, fmt.Sprintf("%T %v", v, err))
		}
	}
	return seen, p.Close()
}

func several(conn *pgconn.PgConn, text string) (any, error) {
	results, err := conn.Exec(background, text).ReadAll()
	seen := []string{}
	for _, result := range results {
		seen = append(seen, fmt.Sprintf("%q %v %v", result.Rows, result.CommandTag, result.Err))
	}
	return seen, err
}
