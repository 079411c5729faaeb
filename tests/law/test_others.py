"""Victims, joint files and files that were split, through the real service, by requirement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import AGENCY
from tests.scenarios.service import running_service
from tests.world import PostgresWorld

pytestmark = pytest.mark.database

LABEL = "含犯罪记录封存信息"
# 100 is the file that 101 (a minor) and 102 (an adult) were split from; 103 is of civil law.
# 104 and 105 were split from each other's file, 105 a minor's with a name of a minority's form.
# 110-113 are a victim, a witness and two parties, of whom 113 was an adult; 114 is 101's witness.
ROWS = """
SET search_path = base;
INSERT INTO person (person_id, name, birth_date) VALUES
  (100, '戊未满', '2006-01-01'), (101, '戊成年', '1980-01-01'), (102, '戊处罚', '1980-01-01'),
  (103, '戊旁证', '1980-01-01'),
  (106, '戊无案', '1980-01-01'), (104, '戊都·Ａli', '2006-01-01'), (105, '戊大', '1980-01-01');
INSERT INTO case_file (case_id, case_no, case_kind, org_code, incident_date, parent_case_id) VALUES
  (100, '原案', '01', '1', '2022-01-01', NULL), (101, '分案一', '01', '1', '2022-01-01', 100),
  (102, '分案二', '01', '1', '2022-01-01', 100), (103, '民事案', '02', '1', '2022-01-01', NULL),
  (104, '分案三', '01', '1', '2022-01-01', NULL), (105, '分案四', '01', '1', '2022-01-01', 104);
INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first) VALUES
  (101, 101, 100, 'CONVICT', '2022-01-01'), (102, 102, 101, 'CONVICT', '2022-01-01'),
  (104, 104, 105, 'CONVICT', '2022-01-01'), (105, 105, 104, 'CONVICT', '2022-01-01');
INSERT INTO document (doc_id, case_id, cp_id, title, content) VALUES
  (100, 102, 102, '戊成年判决书', '与戊未满(另案处理)共同盗窃'),
  (101, 102, NULL, '戊未满笔录', '略'),
  (102, 102, 102, '戊成年上诉状', '本人服判'), (103, 100, NULL, '受案登记表', '嫌疑人戊未满');
INSERT INTO document (doc_id, case_id, title, content)
SELECT 110 + n, CASE WHEN n < 5 THEN 102 ELSE 104 END, '笔录' || n, content
FROM unnest(ARRAY[
  '同案的戊　未 满', E'同案的戊\\n未\\t满', E'同案的戊\\u00a0未满', '同案的戊某', '同案的戊未 成年',
  '同案人戊都·Ali', '同案人戊都.Ali', '同案人戊都・ＡＬＩ', '同案人 戊 都 • a l i', '戊都', NULL
]) WITH ORDINALITY AS d (content, n);
INSERT INTO victim (victim_id, case_id, name, id_no, birth_date, school, guardian_phone) VALUES
  (100, 103, '己童', NULL, '2012-01-01', '示例小学', '13811112222'),
  (101, 102, '己冲突', '999001201001010018', '1980-01-01', '示例小学', '13811113333'),
  (102, 103, '己成年', NULL, '1980-01-01', NULL, '13811114444');
INSERT INTO admin_penalty (ap_id, person_id, act_date) VALUES (100, 102, '2020-01-01');
INSERT INTO person (person_id, name, id_no, birth_date, hukou_addr, phone, photo_url)
SELECT 109 + n, '己' || who, '11010520120101' || 1000 + n, born, '示例路', '1381111' || n, 'x.jpg'
FROM unnest(ARRAY['童一', '童二', '童三', '成年'],
            ARRAY['2012-01-01', '2012-01-01', NULL, '1980-01-01']::date[])
     WITH ORDINALITY AS p (who, born, n);
UPDATE person SET id_no = NULL WHERE person_id = 113;
INSERT INTO case_person (cp_id, case_id, person_id, role) VALUES
  (110, 102, 110, 'VICTIM'), (111, 102, 111, 'WITNESS'), (112, 103, 112, 'PARTY'),
  (113, 103, 113, 'PARTY'), (114, 101, 103, 'WITNESS');
INSERT INTO document (doc_id, case_id, cp_id, title, content) VALUES
  (130, 103, 112, '己童三起诉状', '略'), (131, 103, 113, '己成年答辩状', '略');
"""


@pytest.fixture(scope="module")
def desk(
    postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    database = postgres.create_database(AGENCY)
    database.run(ROWS)
    home = tmp_path_factory.mktemp("others")
    with running_service(database, home) as service, service.site.connect("desk") as connection:
        connection.execute("SET search_path = base")
        yield connection


def asked(connection: psycopg.Connection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql.encode()).fetchall()


@pytest.mark.requirement("B1", "B2")
def test_a_victim_that_is_not_proved_an_adult_has_nothing_to_be_known_by(desk):
    columns = "name, id_no, birth_date, school, guardian_phone"
    rows = asked(desk, f"SELECT {columns} FROM victim WHERE victim_id >= 100 ORDER BY victim_id")
    assert rows[:2] == [("某某", None, None, None, None)] * 2
    assert rows[2][0] == "己成年"


@pytest.mark.requirement("B1")
@pytest.mark.parametrize(
    "condition",
    [
        "guardian_phone = '13811112222'",
        "guardian_phone LIKE '1381111%' AND name <> '己成年'",
        "school = '示例小学'",
        "name = '己童'",
        "birth_date > '2000-01-01'",
        "id_no IS NOT NULL",
        "victim::text LIKE '%己童%'",
        "to_jsonb(victim)::text LIKE '%示例小学%'",
    ],
)
def test_nobody_finds_a_victim_by_what_is_masked(desk, condition):
    sql = f"SELECT count(*) FROM victim WHERE victim_id >= 100 AND {condition}"
    assert asked(desk, sql) == [(0,)]


@pytest.mark.requirement("B1", "B2")
def test_the_row_of_a_minor_stays_and_is_nobodys(desk):
    """A victim and a witness of a criminal file, parties of a civil one."""
    joined = (
        "SELECT c.cp_id, c.role, p.name, p.phone FROM case_person c LEFT JOIN person p"
        " USING (person_id) WHERE c.cp_id BETWEEN 110 AND 113 ORDER BY 1"
    )
    assert asked(desk, joined) == [
        (110, "VICTIM", None, None),
        (111, "WITNESS", None, None),
        (112, "PARTY", None, None),
        (113, "PARTY", "己成年", "13811114"),
    ]
    papers = "SELECT doc_id FROM document WHERE case_id = 103 ORDER BY 1"
    assert asked(desk, papers) == [(131,)]


@pytest.mark.requirement("B1", "B2")
@pytest.mark.parametrize(
    "condition",
    [
        "name LIKE '己童%'",
        "id_no = '110105201201011001'",
        "id_no BETWEEN '110105201201011000' AND '110105201201011009'",
        "phone = '13811111'",
        "birth_date > '2010-01-01'",
        "person::text LIKE '%己童%'",
        "person_id = 112",
        "person_id IN (SELECT person_id FROM case_person WHERE role = 'VICTIM')",
        "EXISTS (SELECT FROM case_person c WHERE c.person_id = person.person_id AND c.cp_id < 113)",
    ],
)
def test_nobody_finds_a_minor_by_what_is_on_record_of_them(desk, condition):
    sql = f"SELECT count(*) FROM person WHERE person_id BETWEEN 110 AND 112 AND {condition}"
    assert asked(desk, sql) == [(0,)]


@pytest.mark.requirement("A17")
def test_in_a_file_that_is_gone_nobody_is_left(desk):
    """114 was a witness, an adult, in the file of a minor."""
    assert asked(desk, "SELECT cp_id FROM case_person WHERE case_id = 101") == []
    assert asked(desk, "SELECT name FROM person WHERE person_id = 103") == []


@pytest.mark.requirement("B4", "B5")
def test_files_that_were_split_are_labelled_and_the_minors_own_is_gone(desk):
    sql = "SELECT case_id, label FROM case_file WHERE case_id >= 100 ORDER BY 1"
    assert asked(desk, sql) == [(100, LABEL), (102, LABEL), (103, None), (104, LABEL)]
    accused = "SELECT cp_id FROM case_person WHERE cp_id > 100 AND role = 'CONVICT' ORDER BY 1"
    assert asked(desk, accused) == [(102,), (104,)]


@pytest.mark.requirement("B7", "A17")
def test_a_paper_of_the_adults_file_does_not_name_the_minor(desk):
    sql = "SELECT doc_id, title, content FROM document WHERE doc_id BETWEEN 100 AND 109 ORDER BY 1"
    assert asked(desk, sql) == [
        (100, LABEL, None),
        (101, LABEL, None),
        (102, "戊成年上诉状", "本人服判"),
        (103, LABEL, None),
    ]
    assert asked(desk, "SELECT doc_id FROM document WHERE content LIKE '%戊未满%'") == []


@pytest.mark.requirement("B7")
def test_a_name_is_known_however_it_is_set(desk):
    """Blanks, widths, cases and dots: masked are 1, 2, 3 of one and 6, 8, 9 of the other name."""
    sql = (
        "SELECT doc_id - 110 FROM document WHERE doc_id BETWEEN 111 AND 129 AND title <> $1"
        " ORDER BY 1"
    )
    shown = [number for (number,) in desk.execute(sql.replace("$1", "%s"), (LABEL,)).fetchall()]
    assert shown == [4, 5, 7, 10, 11]


@pytest.mark.requirement("A13", "A14", "A17")
def test_who_is_known_for_a_sealed_penalty_alone_is_not_known(desk):
    sql = "SELECT person_id FROM person WHERE person_id BETWEEN 100 AND 109 ORDER BY 1"
    assert asked(desk, sql) == [(101,), (105,), (106,)]
