"""The query counter (查询窗口): applications, permits and certificates, and who may give them."""
