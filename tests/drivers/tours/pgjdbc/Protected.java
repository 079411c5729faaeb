import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The protected schema: the same on a database without the sealed rows, and through the proxy. */
final class Protected {
  private static final String[] QUESTIONS = {
    "SELECT * FROM base.person ORDER BY person_id",
    "SELECT * FROM base.case_person ORDER BY cp_id",
    "SELECT * FROM base.sentence ORDER BY sent_id",
    "SELECT * FROM base.victim ORDER BY victim_id",
    "SELECT * FROM base.document ORDER BY doc_id",
    "SELECT case_id, label FROM base.case_file ORDER BY case_id",
    "SELECT count(*), max(cp_id), min(offence_first) FROM base.case_person",
    "SELECT p.name, c.case_no FROM base.person AS p JOIN base.case_person AS cp USING (person_id)"
        + " JOIN base.case_file AS c USING (case_id) ORDER BY c.case_no, p.name",
    "SELECT c.case_id, count(cp.cp_id) FROM base.case_file AS c LEFT JOIN base.case_person AS cp"
        + " ON cp.case_id = c.case_id GROUP BY c.case_id ORDER BY 1",
    "SELECT extract(year FROM birth_date) AS y, count(*) FROM base.person GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM base.seal_notice",
  };

  private Protected() {}

  static void walk(Log log) throws Exception {
    for (String threshold : new String[] {"0", "1", "-1"}) {
      try (Connection c = Tour.connect("prepareThreshold", threshold)) {
        for (int i = 0; i < QUESTIONS.length; i++) {
          String text = QUESTIONS[i];
          for (int again = 0; again < 3; again++) {
            log.step("question/" + threshold + "/" + i + "/" + again, () -> {
              try (PreparedStatement s = c.prepareStatement(text)) {
                return log.rows(s.executeQuery());
              }
            });
          }
        }
        log.step("by-key/" + threshold, () -> byKey(c));
        c.setAutoCommit(false);
        log.step("fetch-size/" + threshold, () -> {
          try (Statement s = c.createStatement()) {
            s.setFetchSize(3);
            return log.rows(s.executeQuery(QUESTIONS[1]));
          }
        });
        log.step("written/" + threshold, () -> written(log, c));
        log.step("locked/" + threshold, () -> Tour.run(c, log,
            "SELECT cp_id FROM base.case_person WHERE cp_id IN (1, 3, 17) ORDER BY 1 FOR UPDATE"));
        c.rollback();
        c.setAutoCommit(true);
        log.step("scrolled/" + threshold, () -> scrolled(c));
      }
    }
    described(log);
  }

  private static Object byKey(Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement s = c.prepareStatement(
        "SELECT role, offence_first FROM base.case_person WHERE person_id = ?")) {
      for (int i = 1; i <= 29; i++) {
        s.setInt(1, i);
        try (ResultSet rows = s.executeQuery()) {
          while (rows.next()) {
            seen.add(i + rows.getString(1) + rows.getDate(2));
          }
        }
      }
    }
    return seen;
  }

  private static Object written(Log log, Connection c) throws Exception {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement s = c.prepareStatement(
        "UPDATE base.case_person SET role = ? WHERE cp_id = ?")) {
      for (int i = 1; i <= 29; i++) {
        s.setString(1, "SUSPECT");
        s.setLong(2, i);
        s.addBatch();
      }
      seen.add(s.executeBatch());
    }
    seen.addAll(Tour.run(c, log, "DELETE FROM base.sentence WHERE term_months < 40 AND sent_id = 17 RETURNING *"));
    seen.addAll(Tour.run(c, log, "INSERT INTO base.person VALUES (900, '新人', '1')"));
    seen.addAll(Tour.run(c, log, "SELECT * FROM base.person WHERE person_id > 20 ORDER BY 1"));
    return seen;
  }

  private static Object scrolled(Connection c) throws Exception {
    try (Statement s = c.createStatement(
            ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
        ResultSet rows = s.executeQuery(QUESTIONS[0])) {
      rows.last();
      int count = rows.getRow();
      rows.absolute(2);
      return count + rows.getString("name");
    }
  }

  private static void described(Log log) throws Exception {
    try (Connection c = Tour.connect()) {
      DatabaseMetaData about = c.getMetaData();
      log.step("tables", () -> about.getTables(null, "base", "%", new String[] {"TABLE"}));
      log.step("columns", () -> about.getColumns(null, "base", "%", "%"));
      log.step("primary-keys", () -> about.getPrimaryKeys(null, "base", "case_person"));
      log.step("imported-keys", () -> about.getImportedKeys(null, "base", "case_person"));
      log.step("valid", () -> c.isValid(5));
    }
  }
}
