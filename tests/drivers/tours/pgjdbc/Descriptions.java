import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;

/** What a tool asks about a database before it shows it, and options of the connection. */
final class Descriptions {
  private Descriptions() {}

  static void walk(Log log) throws Exception {
    try (Connection c = Tour.connect()) {
      DatabaseMetaData about = c.getMetaData();
      log.step("product", () -> List.of(about.getDatabaseProductName(),
          about.getDatabaseProductVersion(), about.getMaxConnections(), about.getMaxTableNameLength(),
          about.getSQLKeywords(), about.getUserName(), about.getDefaultTransactionIsolation()));
      log.step("schemas", () -> about.getSchemas());
      log.step("catalogues", () -> about.getCatalogs().getMetaData().getColumnCount());
      log.step("table-types", () -> about.getTableTypes());
      log.step("tables", () -> about.getTables(null, "tour", "%", null));
      log.step("tables/some", () -> about.getTables(null, "tour", "st%", new String[] {"TABLE"}));
      log.step("columns", () -> about.getColumns(null, "tour", "%", "%"));
      log.step("primary-keys", () -> about.getPrimaryKeys(null, "tour", "staff"));
      log.step("imported-keys", () -> about.getImportedKeys(null, "tour", "staff"));
      log.step("exported-keys", () -> about.getExportedKeys(null, "tour", "department"));
      log.step("cross-reference",
          () -> about.getCrossReference(null, "tour", "department", null, "tour", "staff"));
      log.step("indexes", () -> about.getIndexInfo(null, "tour", "staff", false, false));
      log.step("best-row", () -> about.getBestRowIdentifier(null, "tour", "staff", 0, true));
      log.step("privileges", () -> about.getTablePrivileges(null, "tour", "staff"));
      log.step("column-privileges", () -> about.getColumnPrivileges(null, "tour", "staff", "name"));
      log.step("functions", () -> about.getFunctions(null, "tour", "%").getMetaData().getColumnCount());
      // Names there end in OIDs, which no two runs have alike.
      log.step("procedures", () -> log.rows(about.getProcedureColumns(null, "tour", "%", "%"))
          .replaceAll("_\\d+\\)", ")"));
      log.step("types", () -> about.getTypeInfo());
      log.step("user-types", () -> about.getUDTs(null, "tour", "%", null));
      log.step("client-info", () -> about.getClientInfoProperties());
      log.step("parameters", () -> {
        try (PreparedStatement s = c.prepareStatement(
            "SELECT * FROM tour.staff WHERE id = ? AND joined > ? AND salary < ?")) {
          var parameters = s.getParameterMetaData();
          List<Object> all = new ArrayList<>();
          for (int i = 1; i <= parameters.getParameterCount(); i++) {
            all.add(parameters.getParameterTypeName(i));
          }
          return all;
        }
      });
      log.step("valid", () -> c.isValid(5));
    }
    options(log);
  }

  private static void options(Log log) throws Exception {
    try (Connection c = Tour.connect("ApplicationName", "巡览 tour", "options",
        "-c search_path=tour,public -c DateStyle=ISO,DMY -c extra_float_digits=1",
        "readOnly", "true", "connectTimeout", "10", "socketTimeout", "60", "loggerLevel", "OFF",
        "assumeMinServerVersion", "15", "targetServerType", "any", "tcpKeepAlive", "true")) {
      for (String name : new String[] {"application_name", "search_path", "DateStyle",
          "extra_float_digits", "client_encoding", "TimeZone", "server_version_num"}) {
        log.step("option/" + name, () -> Tour.one(c, "SHOW " + name));
      }
      log.step("option/read-only", () -> Tour.run(c, log,
          "UPDATE staff SET salary = salary WHERE id = 1"));
      c.setClientInfo("ApplicationName", "another");
      log.step("client-info/set", () -> Tour.one(c, "SHOW application_name"));
      c.setSchema("public");
      log.step("schema/set", () -> c.getSchema());
      log.step("bad-setting", () -> Tour.run(c, log, "SET DateStyle = 'Martian'"));
    }
    log.step("option/unknown", () -> Tour.connect("options", "-c no_such_setting=1"));
  }
}
