"""config/examples/pinyin.toml in the real service, asked by a client that speaks GBK."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from proxy.settings.shipped import shipped_file
from tests.scenarios.service import Site, install, started
from tests.world import PostgresWorld

pytestmark = pytest.mark.database

GRANTS = """
GRANT USAGE ON SCHEMA ajgl TO agency_app, desk, bgcheck;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ajgl TO agency_app, desk;
GRANT SELECT ON ALL TABLES IN SCHEMA ajgl TO bgcheck;
"""
ROWS = """
SET search_path = ajgl;
INSERT INTO ryxx (rybh, xm, gmsfhm, csrq) VALUES
  ('R1', '封誠', '999001200405100010', '20040510'), ('R2', '誠文', NULL, '19800101'),
  ('R3', '封文', NULL, '00000000'), ('R4', '誠誠', NULL, '20040510');
INSERT INTO ajxx (ajbh, ajmc, ay, fasj) VALUES
  ('A1', '封誠盗窃案', '盗窃', '20210101'), ('A2', '誠文盗窃案', '盗窃', '20210101'),
  ('A3', '封文誠文伤害案', '伤害', '20210101'), ('A4', '誠誠抢劫案', '抢劫', '20210101');
INSERT INTO fzxyr (xyrbh, ajbh, rybh, zaksrq) VALUES
  ('X1', 'A1', 'R1', '20210101'), ('X2', 'A2', 'R2', '20210101'), ('X3', 'A3', 'R3', '20210101'),
  ('X4', 'A3', 'R2', '20210101'), ('X5', 'A4', 'R4', '20210101');
INSERT INTO pjxx (pjbh, xyrbh, pjjg, xq, sxrq, sfyx) VALUES
  ('P1', 'X1', '有罪', '有期徒刑三年六个月', '20220101', 'Y'),
  ('P2', 'X2', '有罪', '有期徒刑一年,缓刑二年', '20220101', 'Y'),
  ('P3', 'X3', '有罪', '拘役', '20220101', 'Y'), ('P4', 'X4', '有罪', '管制', '20220101', 'Y'),
  ('P5', 'X5', '有罪', '有期徒刑５年零1个月', '20220101', 'Y');
INSERT INTO wsxx (wsbh, ajbh, xyrbh, wsmc, wsnr) VALUES
  ('W1', 'A1', 'X1', '封誠判决书', '封誠'), ('W2', 'A2', 'X2', '誠文判决书', '誠文'),
  ('W3', 'A3', NULL, '全案报告', '封文与誠文');
INSERT INTO bhr (bhrbh, ajbh, xm, csrq, jdxx, jhrdh) VALUES
  ('B1', 'A2', '被害誠', '20120101', '示例小学', '13800000000'),
  ('B2', 'A2', '被害文', '19700101', NULL, NULL), ('B3', 'A2', '不详', '        ', NULL, NULL);
INSERT INTO zd_ay VALUES ('0264', '盗窃');
"""


@pytest.fixture(scope="module")
def site(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    database = postgres.create_database()
    schema = shipped_file("examples/pinyin.sql").read_text(encoding="utf-8")
    database.run(schema + GRANTS + ROWS)
    site = install(database, tmp_path_factory.mktemp("pinyin"))
    shutil.copy(shipped_file("examples/pinyin.toml"), site.policy)
    with started(site) as service:
        yield site
        assert service.stop() == 0
    site.verify()


def test_the_check_finds_nothing_to_declare(site: Site):
    assert "everything is covered" in site.must("check", "--config", site.config)


def bare_rows(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(v.rstrip() if isinstance(v, str) else v for v in row) for row in rows]


ASKED: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("SELECT xm FROM RYXX ORDER BY RYBH", [("誠文",), ("誠誠",)]),
    ("SELECT xm FROM ryxx WHERE xm = '封誠'", []),
    ("SELECT count(*) FROM ryxx WHERE xm LIKE '%誠%'", [(2,)]),
    ("SELECT xm FROM ryxx WHERE xm LIKE '封%' OR xm = '誠文'", [("誠文",)]),
    ("SELECT xm FROM ryxx WHERE gmsfhm = '999001200405100010'", []),
    ("SELECT ajbh, jzbs FROM ajxx ORDER BY 1", [("A2", None), ("A3", "含犯罪记录封存信息"),
                                               ("A4", None)]),
    ("SELECT xq FROM PJXX ORDER BY PJBH", [("有期徒刑一年,缓刑二年",), ("管制",),
                                           ("有期徒刑５年零1个月",)]),
    ("SELECT xq AS \"刑期\" FROM pjxx WHERE xq LIKE '%三年%'", []),
    ("SELECT wsmc, wsnr FROM wsxx ORDER BY wsbh", [("誠文判决书", "誠文"),
                                                   ("含犯罪记录封存信息", None)]),
    ("SELECT xm, csrq, jdxx, jhrdh FROM bhr ORDER BY bhrbh",
     [("某某", None, None, None), ("被害文", "19700101", None, None), ("某某", None, None, None)]),
    ("SELECT mc FROM zd_ay", [("盗窃",)]),
    ("SELECT * FROM fctzs", []),
    (("SELECT r.xm, p.xq FROM ryxx r JOIN fzxyr f USING (rybh) LEFT JOIN pjxx p USING (xyrbh)"
     " WHERE lower(r.xm) = '誠誠' OR r.xm || '' = '封文'"), [("誠誠", "有期徒刑５年零1个月")]),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["GBK", "UTF8"])
@pytest.mark.parametrize(("sql", "expected"), ASKED)
@pytest.mark.requirement("A17", "B1", "B5", "H1")
def test_a_client_gets_what_the_law_leaves(site: Site, encoding, sql, expected):
    """The second byte of 誠 in GBK is a backslash."""
    with site.connect("desk", client_encoding=encoding) as connection:
        connection.execute("SET search_path = ajgl")
        assert bare_rows(connection.execute(sql.encode(connection.info.encoding)).fetchall()) == (
            expected
        )
        with connection.cursor() as cursor:
            prepared = cursor.execute(sql, prepare=True).fetchall()
        assert bare_rows(prepared) == expected


def test_what_a_gbk_client_writes_is_what_it_reads(site: Site):
    with site.connect("agency_app", client_encoding="GBK") as connection:
        connection.execute("SET search_path = ajgl")
        for number, name in enumerate(("誠\\", "\\誠", "乗誠'", "誠")):
            key = f"N{number}"
            connection.execute("INSERT INTO ryxx (rybh, xm) VALUES (%s, %s)", [key, name])
            sql = f"SELECT xm FROM ryxx WHERE xm = $q${name}$q$ AND rybh = '{key}'"
            assert connection.execute(sql).fetchall() == [(name,)]


def test_a_platform_is_refused(site: Site):
    with (
        site.connect("bgcheck", client_encoding="GBK") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT xm FROM ajgl.ryxx WHERE xm = '誠文'")
