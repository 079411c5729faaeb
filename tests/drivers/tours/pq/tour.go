// What applications do with lib/pq. Where the database is, the variables of libpq say.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
)

var background = context.Background()

// A connection of its own, with these connection options.
func connect(options string) (*sql.DB, *sql.Conn) {
	db, err := sql.Open("postgres", options)
	if err != nil {
		panic(err)
	}
	conn, err := db.Conn(background)
	if err != nil {
		panic(err)
	}
	return db, conn
}

func main() {
	log := newLog(os.Args[1] == "protected")
	if log.statesOnly {
		protected(log)
	} else {
		queries(log)
		transfers(log)
		endings(log)
	}
	fmt.Println("the end: reached")
}
