import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** One line a step: its name, and what came of it in a form that two runs have alike. */
final class Log {
  /** A step; what it returns is printed. */
  interface Step {
    Object run() throws Exception;
  }

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  /** Error texts are not promised to be alike where rows are sealed: then SQLSTATE alone. */
  private final boolean statesOnly;

  Log(boolean statesOnly) {
    this.statesOnly = statesOnly;
  }

  void step(String name, Step step) {
    String shown;
    try {
      shown = show(step.run());
    } catch (SQLException error) {
      shown = error(error);
    } catch (Exception error) {
      shown = "EXCEPTION " + error;
    }
    out.println(name + ": " + shown.replace("\n", "\\n"));
  }

  /** Not printed by a tour that breaks off. */
  void end() {
    out.println("the end: reached");
  }

  String error(SQLException error) {
    if (statesOnly) {
      return "ERROR " + error.getSQLState();
    }
    StringBuilder shown = new StringBuilder("ERROR " + error.getSQLState());
    if (error instanceof BatchUpdateException batch) {
      shown.append(" counts ").append(Arrays.toString(batch.getUpdateCounts()));
    }
    ServerErrorMessage server =
        error instanceof PSQLException ours ? ours.getServerErrorMessage() : null;
    if (server == null) {
      shown.append(' ').append(error.getMessage());
    } else {
      shown.append(' ').append(server.getSeverity()).append(' ').append(server.getMessage());
      shown.append(" | ").append(server.getDetail()).append(" | ").append(server.getHint());
      shown.append(" | ").append(server.getPosition()).append(' ').append(server.getWhere());
      shown.append(" | ").append(server.getTable()).append(' ').append(server.getConstraint());
      shown.append(" | ").append(server.getRoutine());
    }
    if (error.getNextException() != null) {
      shown.append(" NEXT ").append(error(error.getNextException()));
    }
    return shown.toString();
  }

  String show(Object value) throws Exception {
    if (value instanceof ResultSet rows) {
      return rows(rows);
    } else if (value instanceof byte[] bytes) {
      return "\\x" + HexFormat.of().formatHex(bytes);
    } else if (value instanceof int[] numbers) {
      return Arrays.toString(numbers);
    } else if (value instanceof Array array) {
      return array.getBaseTypeName() + show(array.getArray());
    } else if (value instanceof Object[] parts) {
      return show(Arrays.asList(parts));
    } else if (value instanceof List<?> parts) {
      List<String> shown = new ArrayList<>();
      for (Object part : parts) {
        shown.add(show(part));
      }
      return shown.toString();
    } else if (value instanceof SQLWarning warning) {
      return warning.getSQLState() + " " + warning.getMessage()
          + (warning.getNextWarning() == null ? "" : "; " + show(warning.getNextWarning()));
    }
    return String.valueOf(value);
  }

  /** Labels and types, then the rows: all of them, or a digest where there are many. */
  String rows(ResultSet rows) throws Exception {
    ResultSetMetaData columns = rows.getMetaData();
    StringBuilder shown = new StringBuilder();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      shown.append(columns.getColumnLabel(i)).append(':').append(columns.getColumnTypeName(i));
      shown.append(' ');
    }
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    int count = 0;
    StringBuilder few = new StringBuilder();
    while (rows.next()) {
      StringBuilder row = new StringBuilder("(");
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        row.append(i > 1 ? ", " : "").append(show(rows.getObject(i)));
      }
      row.append(")");
      digest.update(row.toString().getBytes(StandardCharsets.UTF_8));
      if (++count <= 60) {
        few.append(row);
      }
    }
    shown.append("rows ").append(count).append(' ');
    String sum = HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    return shown.append(count <= 60 ? few : sum).toString();
  }
}
