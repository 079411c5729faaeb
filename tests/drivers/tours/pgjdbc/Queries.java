import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGStatement;

/** Simple and extended queries, statements of the server, batches, cursors, transactions. */
final class Queries {
  private Queries() {}

  static void walk(Log log) throws Exception {
    for (String mode : new String[] {"simple", "extended", "extendedForPrepared",
        "extendedCacheEverything"}) {
      try (Connection c = Tour.connect("preferQueryMode", mode, "currentSchema", "tour")) {
        log.step(mode + "/select", () -> Tour.run(c, log, "SELECT 1 AS 一, 'x'::text"));
        log.step(mode + "/several", () -> Tour.run(c, log,
            "SELECT 1; UPDATE staff SET salary = salary WHERE id < 4; SELECT 2 WHERE false;;"));
        log.step(mode + "/several-failing", () -> Tour.run(c, log, "SELECT 1; SELECT 1/0; SELECT 2"));
        log.step(mode + "/empty", () -> Tour.run(c, log, ""));
        log.step(mode + "/syntax", () -> Tour.run(c, log, "SELEC 1"));
        log.step(mode + "/no-table", () -> Tour.run(c, log, "SELECT * FROM nowhere"));
        log.step(mode + "/raised", () -> Tour.run(c, log, "SELECT failed('甲')"));
        log.step(mode + "/parameters", () -> prepared(log, c));
        log.step(mode + "/escapes", () -> Tour.run(c, log,
            "SELECT {fn ucase('a')}, {d '2024-02-29'}, {ts '2024-02-29 01:02:03'}, '?' || 'x'"));
      }
    }
    reuse(log);
    changed(log);
    batches(log);
    cursors(log);
    transactions(log);
  }

  private static Object prepared(Log log, Connection c) throws Exception {
    try (PreparedStatement s = c.prepareStatement(
        "SELECT id, name, joined FROM staff WHERE code = ? AND id BETWEEN ? AND ? ORDER BY id")) {
      s.setString(1, "0002");
      s.setInt(2, 3);
      s.setObject(3, 9L);
      return log.rows(s.executeQuery());
    }
  }

  private static void reuse(Log log) throws Exception {
    for (String threshold : new String[] {"0", "1", "5", "-1"}) {
      try (Connection c = Tour.connect(
          "prepareThreshold", threshold, "currentSchema", "tour", "preparedStatementCacheQueries", "4")) {
        log.step("reuse/" + threshold, () -> {
          List<Object> seen = new ArrayList<>();
          try (PreparedStatement s = c.prepareStatement("SELECT name FROM staff WHERE id = ?")) {
            for (int i = 1; i <= 12; i++) {
              s.setInt(1, i);
              try (ResultSet rows = s.executeQuery()) {
                rows.next();
                seen.add(rows.getString(1) + s.unwrap(PGStatement.class).isUseServerPrepare());
              }
            }
          }
          return seen;
        });
        log.step("many-statements/" + threshold, () -> {
          int sum = 0;
          for (int i = 0; i < 6; i++) {
            for (int again = 0; again < 6; again++) {
              try (PreparedStatement s = c.prepareStatement("SELECT ? + " + i % 7)) {
                s.setInt(1, again);
                try (ResultSet rows = s.executeQuery()) {
                  rows.next();
                  sum += rows.getInt(1);
                }
              }
            }
          }
          return sum;
        });
        log.step("server-side/" + threshold, () -> Tour.run(c, log,
            "SELECT statement, parameter_types::text FROM pg_prepared_statements ORDER BY 1"));
      }
    }
  }

  /** DDL under a prepared statement. */
  private static void changed(Log log) throws Exception {
    for (String autosave : new String[] {"never", "conservative", "always"}) {
      try (Connection c = Tour.connect(
          "prepareThreshold", "1", "currentSchema", "tour", "autosave", autosave)) {
        Tour.run(c, log, "DROP TABLE IF EXISTS growing");
        Tour.run(c, log, "CREATE TABLE growing (a int); INSERT INTO growing VALUES (1)");
        try (PreparedStatement s = c.prepareStatement("SELECT * FROM growing")) {
          log.step("ddl/" + autosave + "/before", () -> log.rows(s.executeQuery()));
          log.step("ddl/" + autosave + "/again", () -> log.rows(s.executeQuery()));
          log.step("ddl/" + autosave + "/alter",
              () -> Tour.run(c, log, "ALTER TABLE growing ADD b text DEFAULT '新'"));
          log.step("ddl/" + autosave + "/after", () -> log.rows(s.executeQuery()));
          c.setAutoCommit(false);
          Tour.run(c, log, "ALTER TABLE growing ADD d int");
          log.step("ddl/" + autosave + "/in-transaction", () -> log.rows(s.executeQuery()));
          log.step("ddl/" + autosave + "/then", () -> Tour.run(c, log, "SELECT 1"));
          c.rollback();
          log.step("ddl/" + autosave + "/rolled-back", () -> log.rows(s.executeQuery()));
          c.commit();
        }
        c.setAutoCommit(true);
        log.step("deallocate/" + autosave, () -> Tour.run(c, log, "DEALLOCATE ALL"));
        log.step("after-deallocate/" + autosave, () -> prepared(log, c));
      }
    }
  }

  private static void batches(Log log) throws Exception {
    for (String rewrite : new String[] {"false", "true"}) {
      try (Connection c = Tour.connect(
          "reWriteBatchedInserts", rewrite, "currentSchema", "tour")) {
        Tour.run(c, log, "DELETE FROM written");
        log.step("batch/" + rewrite, () -> batch(c, 1, 40, -1));
        log.step("batch/" + rewrite + "/failing", () -> batch(c, 1001, 1040, 1020));
        log.step("batch/" + rewrite + "/count",
            () -> Tour.run(c, log, "SELECT count(*), sum(id) FROM written"));
        c.setAutoCommit(false);
        log.step("batch/" + rewrite + "/failing-in-transaction", () -> batch(c, 2001, 2040, 2030));
        log.step("batch/" + rewrite + "/aborted", () -> Tour.run(c, log, "SELECT 1"));
        c.rollback();
        c.setAutoCommit(true);
        log.step("batch/" + rewrite + "/mixed", () -> {
          try (Statement s = c.createStatement()) {
            s.addBatch("INSERT INTO written VALUES (2000, '甲')");
            s.addBatch("UPDATE written SET body = 'b' WHERE id < 10");
            s.addBatch("DELETE FROM written WHERE id > 30");
            return s.executeBatch();
          }
        });
        log.step("batch/" + rewrite + "/keys", () -> {
          try (PreparedStatement s = c.prepareStatement(
              "INSERT INTO staff (code, name) VALUES (?, ?)", new String[] {"joined"})) {
            for (int i = 0; i < 3; i++) {
              s.setString(1, "0003");
              s.setString(2, "批" + rewrite + i);
              s.addBatch();
            }
            s.executeBatch();
            return log.rows(s.getGeneratedKeys());
          }
        });
      }
    }
  }

  private static Object batch(Connection c, int first, int last, int bad) throws Exception {
    try (PreparedStatement s = c.prepareStatement("INSERT INTO written VALUES (?, ?, ?)")) {
      for (int i = first; i <= last; i++) {
        s.setInt(1, i);
        s.setString(2, "第" + i);
        s.setInt(3, i == bad ? -1 : i);
        s.addBatch();
      }
      int[] counts = s.executeBatch();
      return counts.length + " of " + counts[0];
    }
  }

  private static void cursors(Log log) throws Exception {
    try (Connection c = Tour.connect("currentSchema", "tour")) {
      c.setAutoCommit(false);
      for (int size : new int[] {0, 1, 7, 1000}) {
        log.step("fetch-size/" + size, () -> {
          try (PreparedStatement s = c.prepareStatement(
              "SELECT i, '行' || i FROM generate_series(1, ?) AS i")) {
            s.setFetchSize(size);
            s.setInt(1, size == 1 ? 50 : 120);
            return log.rows(s.executeQuery());
          }
        });
      }
      log.step("portals-in-turn", () -> inTurn(c));
      log.step("max-rows", () -> {
        try (Statement s = c.createStatement()) {
          s.setMaxRows(3);
          return log.rows(s.executeQuery("SELECT id FROM staff ORDER BY id"));
        }
      });
      log.step("error-while-fetching", () -> {
        try (Statement s = c.createStatement()) {
          s.setFetchSize(10);
          return log.rows(s.executeQuery("SELECT 1 / (55 - i) FROM generate_series(1, 100) AS i"));
        }
      });
      log.step("after-it", () -> Tour.run(c, log, "SELECT 1"));
      c.rollback();
      log.step("scrolled", () -> {
        try (Statement s = c.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
            ResultSet rows = s.executeQuery("SELECT code, name FROM department ORDER BY code")) {
          rows.last();
          rows.updateString("name", "改");
          rows.updateRow();
          rows.moveToInsertRow();
          rows.updateString("code", "0009");
          rows.updateString("name", "新");
          rows.insertRow();
          rows.absolute(1);
          rows.refreshRow();
          return rows.getString(2);
        }
      });
      log.step("scrolled/after", () -> Tour.run(c, log, "SELECT * FROM department ORDER BY code"));
      c.rollback();
      log.step("refcursor", () -> {
        try (var call = c.prepareCall("{? = call opened('of_mine')}")) {
          call.registerOutParameter(1, java.sql.Types.REF_CURSOR);
          call.execute();
          return call.getObject(1);
        }
      });
      c.commit();
      log.step("procedure", () -> {
        try (var call = c.prepareCall("CALL raised(?)")) {
          call.setInt(1, 41);
          call.registerOutParameter(1, java.sql.Types.INTEGER);
          call.execute();
          return call.getInt(1);
        }
      });
      c.commit();
    }
  }

  /** Two portals open at a time, read row by row in turn. */
  private static Object inTurn(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (Statement one = c.createStatement(); Statement two = c.createStatement()) {
      one.setFetchSize(2);
      two.setFetchSize(3);
      try (ResultSet first = one.executeQuery("SELECT id FROM staff ORDER BY id LIMIT 7");
          ResultSet second = two.executeQuery("SELECT -id FROM staff ORDER BY id LIMIT 7")) {
        while (first.next() && second.next()) {
          seen.add(first.getInt(1));
          seen.add(second.getInt(1));
        }
      }
    }
    return seen;
  }

  private static void transactions(Log log) throws Exception {
    try (Connection c = Tour.connect("currentSchema", "tour")) {
      c.setAutoCommit(false);
      Tour.run(c, log, "INSERT INTO department VALUES ('0100', '一')");
      Savepoint kept = c.setSavepoint("kept");
      log.step("savepoint/duplicate",
          () -> Tour.run(c, log, "INSERT INTO department VALUES ('0100', '二')"));
      log.step("savepoint/aborted", () -> Tour.run(c, log, "SELECT 1"));
      c.rollback(kept);
      log.step("savepoint/after", () -> Tour.run(c, log, "SELECT count(*) FROM department"));
      c.releaseSavepoint(kept);
      log.step("foreign-key", () -> Tour.run(c, log, "DELETE FROM department WHERE code = '0001'"));
      log.step("commit-of-aborted", () -> {
        c.commit();
        return "committed";
      });
      log.step("rolled-back", () -> Tour.run(c, log, "SELECT count(*) FROM department"));
      c.rollback();
      c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      c.setReadOnly(true);
      log.step("isolation", () -> Tour.run(c, log, "SHOW transaction_isolation"));
      log.step("read-only", () -> Tour.run(c, log, "DELETE FROM department"));
      c.rollback();
      c.setReadOnly(false);
      log.step("no-wait", () -> locked(log, c));
      c.rollback();
    }
  }

  private static Object locked(Log log, Connection c) throws Exception {
    Tour.run(c, log, "SELECT * FROM staff WHERE id = 1 FOR UPDATE");
    try (Connection other = Tour.connect("currentSchema", "tour")) {
      return Tour.run(other, log, "SELECT id FROM staff WHERE id = 1 FOR UPDATE NOWAIT");
    }
  }
}
