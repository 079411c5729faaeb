import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObjectManager;

/** Cancelled, timed out, ended by the server; then what is seldom used. */
final class Endings {
  private Endings() {}

  static void walk(Log log) throws Exception {
    try (Connection c = Tour.connect("currentSchema", "tour")) {
      log.step("query-timeout", () -> {
        try (Statement s = c.createStatement()) {
          s.setQueryTimeout(1);
          return log.rows(s.executeQuery("SELECT pg_sleep(20)"));
        }
      });
      log.step("statement-timeout",
          () -> Tour.run(c, log, "SET statement_timeout = 200; SELECT pg_sleep(20)"));
      log.step("reset", () -> Tour.run(c, log, "RESET ALL; SET search_path = tour"));
      log.step("cancel", () -> cancelled(log, c));
      log.step("cancel/after", () -> Tour.run(c, log, "SELECT count(*) FROM staff WHERE id <= 20"));
      log.step("discard", () -> Tour.run(c, log, "DISCARD ALL"));
      log.step("large-object", () -> largeObject(c));
    }
    terminated(log, false);
    terminated(log, true);
    log.step("wrong-password", () -> Tour.connect("password", "wrong"));
    log.step("no-role", () -> Tour.connect("user", "nobody_of_this_name"));
  }

  private static Object cancelled(Log log, Connection c) throws Exception {
    var later = Executors.newSingleThreadScheduledExecutor();
    try (Statement s = c.createStatement()) {
      later.schedule(() -> {
        s.cancel();
        return null;
      }, 500, TimeUnit.MILLISECONDS);
      return log.rows(s.executeQuery("SELECT pg_sleep(20)"));
    } finally {
      later.shutdown();
    }
  }

  /** The manager calls functions by the protocol's FunctionCall. */
  private static Object largeObject(Connection c) throws Exception {
    c.setAutoCommit(false);
    try {
      LargeObjectManager objects = c.unwrap(PGConnection.class).getLargeObjectAPI();
      long oid = objects.createLO();
      try (var object = objects.open(oid)) {
        object.write("大对象".getBytes("UTF-8"));
        object.seek(0);
        return List.of(object.size(), new String(object.read(100), "UTF-8"));
      }
    } finally {
      c.rollback();
      c.setAutoCommit(true);
    }
  }

  private static void terminated(Log log, boolean inTransaction) throws Exception {
    String name = "terminated/" + (inTransaction ? "in-transaction" : "idle");
    try (Connection c = Tour.connect("ApplicationName", "victim")) {
      c.setAutoCommit(!inTransaction);
      String pid = Tour.one(c, "SELECT pg_backend_pid()");
      try (Connection other = Tour.connect()) {
        log.step(name, () -> Tour.one(other, "SELECT pg_terminate_backend(" + pid + ", 5000)"));
      }
      log.step(name + "/next", () -> Tour.one(c, "SELECT 1"));
      log.step(name + "/valid", () -> c.isValid(2));
      log.step(name + "/closed", c::isClosed);
    }
    try (Connection c = Tour.connect()) {
      log.step(name + "/itself",
          () -> Tour.one(c, "SELECT pg_terminate_backend(pg_backend_pid())"));
    }
  }
}
