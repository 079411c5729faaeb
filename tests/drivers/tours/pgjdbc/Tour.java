import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TimeZone;

/** What applications do with pgjdbc. Where the database is, the variables of libpq say. */
public final class Tour {
  private Tour() {}

  /** A connection with properties of the driver, given as name, value, name, value. */
  static Connection connect(String... properties) throws SQLException {
    Properties all = new Properties();
    all.setProperty("user", System.getenv("PGUSER"));
    all.setProperty("password", System.getenv("PGPASSWORD"));
    all.setProperty("sslmode", System.getenv("PGSSLMODE"));
    if (System.getenv("PGSSLROOTCERT") != null) {
      all.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
    }
    for (int i = 0; i < properties.length; i += 2) {
      all.setProperty(properties[i], properties[i + 1]);
    }
    return DriverManager.getConnection(
        "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
            + System.getenv("PGDATABASE"), all);
  }

  /** Run a text; all that comes of it, results and counts. */
  static List<Object> run(Connection connection, Log log, String text) throws Exception {
    List<Object> all = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      boolean rows = statement.execute(text);
      while (rows || statement.getUpdateCount() != -1) {
        all.add(rows ? log.rows(statement.getResultSet()) : statement.getUpdateCount());
        rows = statement.getMoreResults();
      }
    }
    return all;
  }

  static String one(Connection connection, String text) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(text)) {
      rows.next();
      return rows.getString(1);
    }
  }

  public static void main(String[] arguments) throws Exception {
    TimeZone.setDefault(TimeZone.getTimeZone("Asia/Shanghai"));
    if (arguments[0].equals("protected")) {
      Log log = new Log(true);
      Protected.walk(log);
      log.end();
      return;
    }
    Log log = new Log(false);
    Queries.walk(log);
    Kinds.walk(log);
    Transfers.walk(log);
    Descriptions.walk(log);
    Endings.walk(log);
    log.end();
  }
}
