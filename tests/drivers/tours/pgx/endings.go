package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Cancelled, timed out, ended by the server; options of the connection.
func endings(log *Log) {
	conn := connect(path, nil)
	log.step("cancel", func() (any, error) {
		go func() {
			time.Sleep(300 * time.Millisecond)
			conn.PgConn().CancelRequest(background)
		}()
		return conn.Exec(background, "SELECT pg_sleep(20)")
	})
	log.step("cancel/after", func() (any, error) { return all(conn.Query(background, "SELECT 1")) })
	log.step("deadline", func() (any, error) {
		ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
		defer cancel()
		_, err := conn.Exec(ctx, "SELECT pg_sleep(20)")
		return errors.Is(err, context.DeadlineExceeded), nil
	})
	log.step("deadline/closed", func() (any, error) { return conn.IsClosed(), nil })

	conn = connect("search_path=tour statement_timeout=200 application_name='巡览' options='-c work_mem=8MB'", nil)
	log.step("statement-timeout", func() (any, error) { return all(conn.Query(background, "SELECT pg_sleep(20)")) })
	for _, name := range []string{"application_name", "work_mem", "server_version", "client_encoding", "TimeZone"} {
		log.step("setting/"+name, func() (any, error) { return all(conn.Query(background, "SHOW "+name)) })
		log.step("status/"+name, func() (any, error) { return conn.PgConn().ParameterStatus(name), nil })
	}
	log.step("discard", func() (any, error) { return conn.Exec(background, "DISCARD ALL") })
	victim := connect(path, nil)
	var pid uint32
	log.step("pid", func() (any, error) {
		err := victim.QueryRow(background, "SELECT pg_backend_pid()").Scan(&pid)
		return pid == victim.PgConn().PID(), err
	})
	log.step("terminated", func() (any, error) {
		return all(conn.Query(background, "SELECT pg_terminate_backend($1, 5000)", pid))
	})
	log.step("terminated/next", func() (any, error) {
		_, err := victim.Exec(background, "SELECT 1")
		return err != nil, nil
	})
	log.step("terminated/itself", func() (any, error) {
		return connect(path, nil).Exec(background, "SELECT pg_terminate_backend(pg_backend_pid())")
	})
	conn.Close(background)
	for _, options := range []string{"password=wrong", "user=nobody_of_this_name", "no_such_setting=1"} {
		log.step("refused/"+options, func() (any, error) {
			_, err := pgx.Connect(background, options)
			var told *pgconn.PgError
			if errors.As(err, &told) {
				return nil, told
			}
			return nil, fmt.Errorf("not by the server: %v", err == nil)
		})
	}
}

func protected(log *Log) {
	questions := []string{
		"SELECT * FROM base.person ORDER BY person_id",
		"SELECT * FROM base.case_person ORDER BY cp_id",
		"SELECT * FROM base.victim ORDER BY victim_id",
		"SELECT * FROM base.document ORDER BY doc_id",
		"SELECT case_id, label FROM base.case_file ORDER BY case_id",
		"SELECT count(*), max(cp_id), min(offence_first) FROM base.case_person",
		"SELECT p.name, c.case_no FROM base.person AS p JOIN base.case_person AS cp USING (person_id)" +
			" JOIN base.case_file AS c USING (case_id) ORDER BY c.case_no, p.name",
	}
	for _, mode := range modes {
		config, _ := pgx.ParseConfig("")
		config.DefaultQueryExecMode = mode
		conn, err := pgx.ConnectConfig(background, config)
		if err != nil {
			panic(err)
		}
		for i, text := range questions {
			for again := range 2 {
				log.step(fmt.Sprintf("%v/%d/%d", mode, i, again), func() (any, error) { return all(conn.Query(background, text, mode)) })
			}
		}
		log.step(fmt.Sprintf("%v/batch", mode), func() (any, error) {
			queued := &pgx.Batch{}
			for id := 1; id <= 29; id++ {
				queued.Queue("SELECT count(*) FROM base.case_person WHERE person_id = $1", id)
			}
			results := conn.SendBatch(background, queued)
			seen := []int{}
			for range 29 {
				var n int
				if err := results.QueryRow().Scan(&n); err != nil {
					return nil, err
				}
				seen = append(seen, n)
			}
			return seen, results.Close()
		})
		tx, _ := conn.Begin(background)
		log.step(fmt.Sprintf("%v/written", mode), func() (any, error) {
			return tx.Exec(background, "UPDATE base.case_person SET role = $1 WHERE cp_id BETWEEN $2 AND $3", mode, "SUSPECT", 1, 40)
		})
		log.step(fmt.Sprintf("%v/deleted", mode), func() (any, error) {
			return all(tx.Query(background, "DELETE FROM base.sentence WHERE term_months < $1 AND sent_id = 17 RETURNING sent_id", mode, 40))
		})
		tx.Rollback(background)
		log.step(fmt.Sprintf("%v/error", mode), func() (any, error) {
			return all(conn.Query(background, "SELECT 1 / (cp_id - cp_id) FROM base.case_person", mode))
		})
		conn.Close(background)
	}
}
