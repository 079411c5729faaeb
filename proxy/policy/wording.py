"""What a refusal means, in Chinese: one sentence a rule, beside the reason that a decision carries.

The reason says in English what is wrong with this statement; the sentence says in general what the
rule refuses and what to do (请 ...). It is looked up by the rule alone, so it can depend on neither
data nor statement, and a decision has nothing to carry twice. Only characters of GB 2312, which
every encoding for Chinese that a client can choose here has.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.names import RuleName

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ambiguous-relation": "沿 search_path 有多个同名的表或视图，其中有的受保护或者未确认无害；"
        "请写明其所在的模式。",
        "bulk-access": "受保护的表在此只按所指明的人查询，不提供批量读取、导出、拼接和转存；"
        "请以身份证号码等列等于具体值的条件写明查询对象，成批核查请申请批量查询许可。",
        "cannot-narrow": "语句的写法使封存的行无法可靠地去除；请按错误信息的提示改写语句。",
        "client-encoding": "不支持所要设置的客户端编码；"
        "请改用 UTF8、GBK、GB18030、EUC_CN、LATIN1 或者 SQL_ASCII。",
        "conflict-protected": "在受保护的表上使用 ON CONFLICT 会透露封存的行是否存在；"
        "请去掉 ON CONFLICT 子句。",
        "copy-alone": "COPY ... FROM STDIN 必须是其所在消息中的唯一语句；请将其单独发送。",
        "copy-form": "COPY 只用于以 TO STDOUT 导出表或者 SELECT 的结果，或者以 FROM STDIN 导入，"
        "选项限于数据格式；请改写语句。",
        "explain-form": "EXPLAIN 只用于 SELECT，选项限于已知的；请改写语句。",
        "explain-protected": "执行计划会显示所读取的表的统计信息，因此 EXPLAIN 只用于"
        "不含封存记录的表，不用于视图和本单位自建的函数；请在其他表上使用。",
        "function-call": "不提供协议中的快速函数调用；请改用 SELECT 调用函数。",
        "function-changed": "该函数或者其所引用的对象在策略批准之后发生了变更；"
        "请管理员运行 fengcun inventory 核查，确认后重新批准。",
        "idle-in-transaction": "事务已经开始而客户端长时间没有动作，会话结束，事务回滚；"
        "请重新连接，并及时结束事务。",
        "idle-session": "会话长时间没有动作，予以结束；请重新连接。",
        "internal": "代理发生内部错误，未能对该语句作出判定，语句没有执行；请将该语句报告管理员。",
        "joined-write": "UPDATE ... FROM 和 DELETE ... USING 涉及受保护的表时，条件限于简单比较；"
        "请改写条件。",
        "locking-protected": "对受保护的表加行锁（FOR UPDATE 等）时，只能以简单比较条件选取行；"
        "请改写条件，或者去掉行锁。",
        "masked-column-in-write": "对含有遮蔽列的表执行 UPDATE 或者 DELETE，不得读取遮蔽列或整行；"
        "请去掉语句中对遮蔽列和整行的引用。",
        "merge-protected": "对受保护的表执行 MERGE 会透露封存的行是否存在；"
        "请改用 UPDATE 或者 INSERT。",
        "name-not-ascii": "游标和预备语句的名称只能使用 ASCII 字符；请更改名称。",
        "no-principal": "策略中没有与该用户、数据库和来源地址相符的访问主体，不予接入；"
        "请管理员在策略中登记。",
        "not-understood": "该文本不是代理所能解析的 PostgreSQL 语句，无法判定；请检查语法。",
        "nul": "语句中含有 NUL 字符；请将其删除。",
        "operator-required": "策略要求说明实际操作人，而该语句没有说明，或者所说无效、前后矛盾；"
        "请先执行 SET fengcun.operator，或者采用策略规定的其他方式。",
        "other-kind-of-name": "经代理的 FETCH 和 EXECUTE 只用于 SELECT、INSERT、UPDATE 和 DELETE；"
        "请直接执行原语句。",
        "parsers-disagree": "两个解析器对该语句的理解不一致，或者其中之一不能解析；"
        "请改用更简明的写法，避免不常见的注释和引号。",
        "permit-ended": "该游标依据查询许可打开，而该许可已经到期、撤销或者用完，"
        "或者不适用于目前的操作人和案号；请关闭该游标。",
        "platform-protected": "封存的记录不得向平台提供或者授权相关平台对接；"
        "请停止访问保存此类记录的表。",
        "policy-unfit": "数据库已经变更或者其目录无法读取，不能再依现行策略判定，有关的表暂停提供；"
        "请管理员运行 fengcun check 核查，并使策略与数据库相符。",
        "prepare-alone": "PREPARE 必须是其所在消息中的唯一语句；请将其单独发送。",
        "principal-connections": "该访问主体的连接数已达策略规定的上限；"
        "请关闭不再使用的连接，或者请管理员提高上限。",
        "protocol-violation": "客户端发送的内容不符合 PostgreSQL 通信协议或者代理的限制，会话结束；"
        "请检查驱动程序及其设置。",
        "referenced-by-protected": "删除该表的行或者修改其键，会透露是否有封存的记录引用该行，"
        "或者运行本单位自建的代码；请管理员核查后在策略中声明开放。",
        "row-limit": "该语句的结果超出策略规定的行数，在上限处截止；请缩小查询范围。",
        "sampled-protected": "对受保护的表使用 TABLESAMPLE 会把封存的行所占的页计算在内；"
        "请去掉 TABLESAMPLE 子句。",
        "schema-change-alone": "变更数据库结构的语句必须单独发送，且不得处于事务之中；"
        "请先结束事务或者发送 Sync，再发送其他语句。",
        "schema-protected": "策略所保护或者读取的对象不得经由代理修改、改名或者删除；"
        "请直接在数据库中变更，然后重新加载与之相符的策略。",
        "search-path": "search_path 中不得写入系统模式或者临时模式；请将其去掉。",
        "session-change": "该语句会改变后续语句的含义，必须单独发送，且不得处于事务之中；"
        "请在事务之外单独发送。",
        "slow-client": "客户端长时间不接收所发送的内容，会话结束；请及时读取结果，或者分批查询。",
        "stale-cursor": "该 WITH HOLD 游标声明之后，策略或者数据库目录发生了变更；"
        "请关闭游标并重新声明。",
        "stale-statement": "该语句预备之后，策略、数据库目录、search_path 或者查询许可发生了变更；"
        "请重新预备该语句。",
        "statistic-write": "可以查询统计数字的访问主体不得写入所统计的受保护的表；"
        "请以其他访问主体写入。",
        "subject-budget": "在规定期间内查询的人数已经达到策略规定的上限；"
        "请写明办案所依据的案号，或者请管理员核查。",
        "system-column": "不提供受保护的表的系统列（ctid、xmin 等）；请去掉语句中的系统列。",
        "system-relation": "系统目录不得写入；可能透露封存记录的（统计、大小、会话等）不得读取；"
        "请去掉语句中的此类对象。",
        "temporary-name": "临时表不得与内置类型同名，search_path 中写明临时模式时也不提供临时表；"
        "请更改表名。",
        "temporary-object": "除临时表外不提供临时对象，持有临时表的会话也不得变更数据库结构；"
        "请改用普通对象，或者先删除临时表。",
        "temporary-type": "临时表不得由本单位自建的函数产生，其来源也不得有自带代码的列；"
        "请改用内置类型的列。",
        "temporary-unsettled": "同一消息中先建立或删除了临时表，又结束了事务，其后的名称含义不明；"
        "请将其后的语句单独发送。",
        "text-encoding": "文本不符合会话的客户端编码，或者该编码不能表达所要发送的内容，"
        "或者编码尚未确定；"
        "请核对客户端编码，更改会话设置后请先发送 Sync。",
        "too-deep": "语句的嵌套层次过多；请简化或者拆分语句。",
        "too-long": "语句的长度超过上限；请缩短或者拆分语句。",
        "too-many-comments": "语句中的注释过多；请减少注释。",
        "too-many-temporaries": "会话的临时表过多；请删除不再使用的。",
        "too-many-tokens": "语句中的词法单元过多；请缩短或者拆分语句。",
        "too-much-held": "会话所持有的预备语句和游标过多；请关闭不再使用的。",
        "two-phase-commit": "不提供两阶段提交所用的预备事务；请改用普通事务。",
        "undeclared-dependent": "该表以外键引用受保护的表，而策略没有对该表作出规定；"
        "请管理员核查后在策略中规定。",
        "undeclared-relative": "该表因继承或者分区与受保护的表共有数据，而策略没有对该表作出规定；"
        "请管理员核查后在策略中规定。",
        "unknown-portal": "该游标不存在，或者没有经过代理判定；请先声明游标。",
        "unknown-relation": "代理所掌握的数据库目录中没有该表；请核对表名，新建的表请稍后再试。",
        "unknown-statement": "该预备语句不存在，或者没有经过代理判定；请先预备该语句。",
        "unsettable-parameter": "该参数不得经由代理更改；请管理员为角色或者数据库设置。",
        "unsupported-statement": "代理不提供此类语句，变更数据库结构的语句只提供给管理员；"
        "请改用所提供的语句，或者由管理员办理。",
        "unsupported-syntax": "代理不提供此种语法；请改用其他写法。",
        "unvetted-cast": "该表有的列的类型由本单位自建的函数转换，而该函数可以读取任何数据；"
        "请管理员核查后在策略中声明开放。",
        "unvetted-function": "该函数没有经过策略批准；请管理员核查后在策略中批准其全部重载。",
        "unvetted-operator": "不提供非内置的运算符；请改用内置的运算符。",
        "unvetted-trigger": "写入该表会运行本单位自建的代码（触发器、规则、函数），可读取任何数据；"
        "请管理员核查后在策略中声明开放。",
        "unvetted-type": "不提供自带代码的类型（域类型或者扩展的类型）；请改用内置的类型。",
        "unvetted-view": "无法从该视图、物化视图、外部表或者序列中可靠地去除封存的记录；"
        "请改为查询其所依据的表，或者请管理员核查后在策略中声明开放。",
    }
)
"""Rule -> sentence, for every rule that refuses and no other."""


ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "channel-binding": "通道绑定不成立，客户端与代理所见的不是同一条 TLS 连接，"
        "或者代理无法转达；请按错误信息的提示更改连接参数。",
        "encryption-required": "此处只接受加密的连接；请设置 sslmode=verify-full 或者 require。",
        "internal": "代理发生内部错误，会话结束；请将此情况报告管理员。",
        "ledger": "审计账本暂时不能记录，因此停止一切服务；请稍后再试。",
        "message-too-large": "消息的长度超过上限；请缩短或者拆分，或者请管理员提高上限。",
        "other-method": "数据库要求代理无法代为完成的认证方式；请管理员改用 SCRAM-SHA-256。",
        "other-verifier": "数据库中的口令与核验时所用的不同，可能刚刚更改；请重新连接。",
        "policy-changed": "策略已经变更，本会话不能依新策略继续；请重新连接。",
        "protocol": "客户端发送的内容不符合 PostgreSQL 通信协议；请检查驱动程序及其设置。",
        "shutting-down": "代理正在停止服务；请重新连接。",
        "startup-parameter": "连接参数不予接受或者取值不当；请按错误信息的提示更改连接参数。",
        "startup-timeout": "未能在规定时间内完成登录，连接结束；请检查网络和客户端后重试。",
        "tls": "TLS 握手失败；请检查客户端的证书、所信任的机构和 TLS 版本。",
        "too-many-connections": "连接数已达上限；请稍后再试，或者请管理员提高上限。",
        "unknown-database": "代理不提供该数据库；请核对数据库名称。",
        "unsupported-session": "会话的设置使其语句无法判定；请按错误信息的提示更改设置。",
        "unusable-certificate": "客户端证书不能使用或者已经过期；请更换证书。",
        "upstream": "数据库不能连接，或者其答复不符合协议；请稍后再试，并请管理员检查数据库。",
        "wrong-proof": "口令核验失败；请核对用户名和口令。",
    }
)
"""Label of an error that ends a connection -> sentence, likewise."""


def in_chinese(rule: RuleName) -> str | None:
    """The sentence of a rule that refuses; None for the rules that serve."""
    return SENTENCES.get(rule)


def ending_in_chinese(label: str) -> str | None:
    """The sentence of an error that ends a connection; None for those no client is told of."""
    return ENDINGS.get(label)
