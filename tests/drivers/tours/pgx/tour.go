// What applications do with pgx. Where the database is, the variables of libpq say.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var background = context.Background()

// A connection whose notices go to `told`.
func connect(options string, told *[]string) *pgx.Conn {
	config, err := pgx.ParseConfig(options)
	if err != nil {
		panic(err)
	}
	if told != nil {
		config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
			*told = append(*told, fmt.Sprint(n.Severity, n.Code, n.Message, n.Detail, n.Hint))
		}
	}
	conn, err := pgx.ConnectConfig(background, config)
	if err != nil {
		panic(err)
	}
	return conn
}

func main() {
	log := &Log{os.Args[1] == "protected"}
	if log.statesOnly {
		protected(log)
	} else {
		queries(log)
		pipelines(log)
		transfers(log)
		endings(log)
	}
	fmt.Println("the end: reached")
}
