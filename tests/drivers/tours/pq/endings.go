package main

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Cancelled, timed out, ended by the server; options of the connection.
func endings(log *Log) {
	db, conn := connect(path)
	log.step("cancel", func() (any, error) {
		ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
		defer cancel()
		rows, err := conn.QueryContext(ctx, "SELECT pg_sleep(20)")
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return "deadline exceeded", nil
		}
		return nil, err
	})
	log.step("cancel/after", func() (any, error) { return all(db.Query("SELECT 1")) })
	db.Close()

	db, conn = connect(path + " statement_timeout=200 application_name='巡览' connect_timeout=10")
	log.step("statement-timeout", func() (any, error) { return all(conn.QueryContext(background, "SELECT pg_sleep(20)")) })
	log.step("settings", func() (any, error) {
		return all(conn.QueryContext(background, "SELECT name, setting FROM pg_settings WHERE name IN ('application_name',"+
			" 'statement_timeout', 'client_encoding', 'DateStyle', 'extra_float_digits', 'search_path') ORDER BY 1"))
	})
	log.step("reset", func() (any, error) { return counted(conn.ExecContext(background, "RESET ALL")) })
	log.step("discard", func() (any, error) { return counted(conn.ExecContext(background, "DISCARD ALL")) })
	terminated(log, conn)
	db.Close()

	db, conn = connect("options='-c search_path=tour -c work_mem=8MB'")
	log.step("options", func() (any, error) { return all(conn.QueryContext(background, "SHOW work_mem")) })
	db.Close()
	for _, options := range []string{"password=wrong", "user=nobody_of_this_name", "no_such_setting=1"} {
		log.step("refused/"+options, func() (any, error) {
			db, err := sql.Open("postgres", options)
			if err != nil {
				return nil, err
			}
			defer db.Close()
			return nil, db.Ping()
		})
	}
}

func terminated(log *Log, conn *sql.Conn) {
	db, victim := connect(path)
	defer db.Close()
	var pid int
	if err := victim.QueryRowContext(background, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		panic(err)
	}
	log.step("terminated", func() (any, error) {
		return all(conn.QueryContext(background, "SELECT pg_terminate_backend($1, 5000)", pid))
	})
	// Whether the driver has read the server's last words by now is a matter of time.
	log.step("terminated/next", func() (any, error) {
		_, err := all(victim.QueryContext(background, "SELECT 1"))
		return err != nil, nil
	})
	log.step("terminated/pool", func() (any, error) { return all(db.Query("SELECT 1")) })
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
	for _, binary := range []string{"no", "yes"} {
		db, conn := connect("binary_parameters=" + binary)
		for _, text := range questions {
			log.step("simple/"+text, func() (any, error) { return all(conn.QueryContext(background, text)) })
			log.step("prepared/"+text, func() (any, error) {
				stmt, err := conn.PrepareContext(background, text)
				if err != nil {
					return nil, err
				}
				defer stmt.Close()
				return all(stmt.Query())
			})
		}
		log.step("several", func() (any, error) { return all(conn.QueryContext(background, questions[0]+"; "+questions[1])) })
		for id := 1; id <= 29; id++ {
			log.step("by-key", func() (any, error) {
				return all(conn.QueryContext(background, "SELECT role FROM base.case_person WHERE person_id = $1", id))
			})
		}
		tx, _ := conn.BeginTx(background, nil)
		log.step("written", func() (any, error) {
			return counted(tx.Exec("UPDATE base.case_person SET role = $1 WHERE cp_id BETWEEN $2 AND $3", "SUSPECT", 1, 40))
		})
		log.step("deleted", func() (any, error) {
			return all(tx.Query("DELETE FROM base.sentence WHERE term_months < $1 AND sent_id = 17 RETURNING sent_id", 40))
		})
		tx.Rollback()
		tx, _ = conn.BeginTx(background, nil)
		log.step("cursor", func() (any, error) {
			if _, err := tx.Exec("DECLARE walking CURSOR FOR " + questions[1]); err != nil {
				return nil, err
			}
			return all(tx.Query("FETCH 5 FROM walking"))
		})
		log.step("error", func() (any, error) { return all(tx.Query("SELECT 1 / (cp_id - cp_id) FROM base.case_person")) })
		tx.Rollback()
		db.Close()
	}
}
