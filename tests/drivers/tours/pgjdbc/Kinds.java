import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.postgresql.util.PGobject;

/** All types both ways, in text and in binary. */
final class Kinds {
  private static final String INSERT =
      "INSERT INTO kind (id, flag, small, int8, float8, amount, name, day, stamp, moment, raw, uid,"
          + " docb, ints, texts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *";

  private Kinds() {}

  static void walk(Log log) throws Exception {
    for (String binary : new String[] {"false", "true"}) {
      try (Connection c = Tour.connect(
          "binaryTransfer", binary, "prepareThreshold", binary.equals("true") ? "-1" : "1",
          "currentSchema", "tour")) {
        try (PreparedStatement s = c.prepareStatement("SELECT * FROM kind WHERE id < 4 ORDER BY id")) {
          for (int again = 0; again < 2; again++) {
            log.step("kinds/" + binary + "/" + again, () -> log.rows(s.executeQuery()));
          }
          log.step("kinds/" + binary + "/strings", () -> strings(s));
          log.step("kinds/" + binary + "/columns", () -> {
            var columns = s.getMetaData();
            List<Object> all = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
              all.add(List.of(columns.getColumnName(i), columns.getColumnType(i),
                  columns.getPrecision(i), columns.getScale(i), columns.isNullable(i),
                  columns.isAutoIncrement(i), columns.getTableName(i)));
            }
            return all;
          });
        }
        c.setAutoCommit(false);
        for (int id = 10; id < 13; id++) {
          int row = id;
          log.step("kinds/" + binary + "/write/" + id, () -> write(log, c, row));
        }
        c.rollback();
      }
    }
  }

  private static Object strings(PreparedStatement s) throws Exception {
    List<Object> all = new ArrayList<>();
    try (ResultSet rows = s.executeQuery()) {
      while (rows.next()) {
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          all.add(rows.getString(i));
        }
      }
    }
    return all;
  }

  private static Object write(Log log, Connection c, int id) throws Exception {
    boolean empty = id == 12;
    try (PreparedStatement s = c.prepareStatement(INSERT)) {
      s.setInt(1, id);
      s.setObject(2, empty ? null : true, Types.BOOLEAN);
      s.setObject(3, empty ? null : (short) -5, Types.SMALLINT);
      s.setObject(4, empty ? null : Long.MIN_VALUE, Types.BIGINT);
      s.setObject(5, empty ? null : 0.1, Types.DOUBLE);
      s.setBigDecimal(6, empty ? null : new BigDecimal("1234567890123.000000000001"));
      s.setString(7, empty ? null : "李四'\"\\%😀");
      s.setObject(8, empty ? null : LocalDate.of(2004, 2, 29));
      s.setObject(9, empty ? null : LocalDateTime.of(2024, 1, 2, 3, 4, 5, 678901000));
      s.setObject(10, empty ? null : OffsetDateTime.parse("2024-05-01T12:00:00.5+02:00"));
      s.setBytes(11, empty ? null : new byte[] {0, -1, 92, 39});
      s.setObject(12, empty ? null : UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
      PGobject doc = new PGobject();
      doc.setType("jsonb");
      doc.setValue(empty ? null : "{\"姓名\": \"王五\"}");
      s.setObject(13, doc);
      s.setArray(14, c.createArrayOf("int4", new Integer[] {1, null, 3}));
      s.setArray(15, c.createArrayOf("text", new String[] {"a,b", "引\"", null, "NULL"}));
      if (id == 11) {
        s.setDate(8, Date.valueOf("1999-12-31"));
        s.setTimestamp(9, Timestamp.valueOf("1999-12-31 23:59:59.5"));
      }
      return log.rows(s.executeQuery());
    }
  }
}
