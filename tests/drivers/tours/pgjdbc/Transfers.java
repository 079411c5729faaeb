import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

/** Big results, COPY both ways, notices, notifications. */
final class Transfers {
  private Transfers() {}

  static void walk(Log log) throws Exception {
    try (Connection c = Tour.connect("currentSchema", "tour")) {
      big(log, c);
      copies(log, c);
      log.step("notices", () -> {
        try (Statement s = c.createStatement()) {
          s.executeQuery("SELECT said('甲')");
          return s.getWarnings();
        }
      });
      log.step("notices/prepared", () -> {
        try (PreparedStatement s = c.prepareStatement("SELECT said(?)")) {
          s.setString(1, "乙");
          s.executeQuery();
          return s.getWarnings();
        }
      });
      log.step("notifications", () -> notified(log, c));
      log.step("unlisten", () -> Tour.run(c, log, "UNLISTEN *"));
    }
  }

  private static void big(Log log, Connection c) throws Exception {
    String text = "SELECT i, md5(i::text) AS m, repeat('汉', i % 9) AS r, i::numeric / 7 AS n"
        + " FROM generate_series(1, 100000) AS i";
    log.step("big/whole", () -> {
      try (Statement s = c.createStatement()) {
        return log.rows(s.executeQuery(text));
      }
    });
    c.setAutoCommit(false);
    log.step("big/in-parts", () -> {
      try (Statement s = c.createStatement()) {
        s.setFetchSize(3000);
        return log.rows(s.executeQuery(text));
      }
    });
    log.step("big/left-early", () -> {
      try (Statement s = c.createStatement()) {
        s.setFetchSize(100);
        var rows = s.executeQuery(text);
        rows.next();
        return rows.getString("m");
      }
    });
    c.commit();
    c.setAutoCommit(true);
    log.step("wide-value", () -> Tour.one(c, "SELECT repeat('汉字', 1000000)").length());
    log.step("wide-parameter", () -> {
      try (PreparedStatement s = c.prepareStatement("SELECT md5(?), length(?)")) {
        s.setString(1, "汉".repeat(1000000));
        s.setBytes(2, new byte[3000000]);
        return log.rows(s.executeQuery());
      }
    });
  }

  private static void copies(Log log, Connection c) throws Exception {
    CopyManager manager = c.unwrap(PGConnection.class).getCopyAPI();
    for (String how : new String[] {"", " WITH (FORMAT csv, HEADER)", " WITH (FORMAT binary)"}) {
      log.step("copy-out" + how, () -> {
        var out = new ByteArrayOutputStream();
        long count = manager.copyOut("COPY (SELECT id, name, doc FROM kind ORDER BY id) TO STDOUT"
            + how, out);
        return List.of(count, how.contains("binary") ? log.show(out.toByteArray())
            : out.toString(StandardCharsets.UTF_8));
      });
    }
    log.step("copy-out/big", () -> {
      var out = new ByteArrayOutputStream();
      long count = manager.copyOut(
          "COPY (SELECT i, '字' || i FROM generate_series(1, 100000) AS i) TO STDOUT", out);
      return List.of(count, out.size());
    });
    Tour.run(c, log, "DELETE FROM written");
    log.step("copy-in", () -> manager.copyIn(
        "COPY written FROM STDIN", new StringReader("1\t甲\t1\n2\t\\N\t\\N\n")));
    log.step("copy-in/csv", () -> manager.copyIn("COPY written FROM STDIN WITH (FORMAT csv)",
        new StringReader("3,\"a\"\"b,c\",3\n4,,\n")));
    log.step("copy-in/many", () -> {
      StringBuilder rows = new StringBuilder();
      for (int i = 1000; i < 51000; i++) {
        rows.append(i).append("\t第").append(i).append("\t0\n");
      }
      return manager.copyIn("COPY written FROM STDIN", new ByteArrayInputStream(
          rows.toString().getBytes(StandardCharsets.UTF_8)), 50000);
    });
    log.step("copy-in/bad-row", () -> manager.copyIn(
        "COPY written FROM STDIN", new StringReader("5\tx\t1\nsix\tx\t1\n")));
    log.step("copy-in/bad-row-of-many", () -> manager.copyIn("COPY written FROM STDIN",
        new StringReader("x\tx\t1\n" + "60000\tx\t1\n".repeat(100000))));
    log.step("copy-in/cancelled", () -> {
      CopyIn copy = manager.copyIn("COPY written FROM STDIN");
      byte[] row = "7\tx\t1\n".getBytes(StandardCharsets.UTF_8);
      copy.writeToCopy(row, 0, row.length);
      copy.cancelCopy();
      return copy.isActive();
    });
    log.step("copy-in/no-table", () -> manager.copyIn("COPY nowhere FROM STDIN"));
    log.step("copy-in/after", () -> Tour.run(c, log,
        "SELECT count(*), sum(id), min(body), count(body) FROM written"));
  }

  private static Object notified(Log log, Connection c) throws Exception {
    Tour.run(c, log, "LISTEN 频道");
    try (Connection other = Tour.connect()) {
      Tour.run(other, log, "NOTIFY 频道, 'from another: 你好'");
      Tour.run(other, log, "SELECT pg_notify('频道', 'by a function')");
    }
    Tour.run(c, log, "NOTIFY 频道, 'from itself'");
    List<Object> all = new ArrayList<>();
    while (all.size() < 3) {
      for (PGNotification each : c.unwrap(PGConnection.class).getNotifications(10000)) {
        all.add(each.getName() + " " + each.getParameter());
      }
    }
    return all;
  }
}
