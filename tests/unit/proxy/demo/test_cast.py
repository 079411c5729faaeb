from __future__ import annotations

from datetime import date

from proxy.demo.identity import check_character, eighteenth_birthday
from proxy.demo.tour import build_register


def test_the_tour_asks_about_a_sealed_minor_an_adult_and_a_number_nobody_has():
    register, cast = build_register()
    people = {row[1]: row for row in register.rows["person"]}
    offences = {row[0]: row[4] for row in register.rows["case_person"]}

    minor, adult = people[cast.minor.name], people[cast.adult.name]
    assert (minor[3], adult[3]) == (cast.minor.id_no, cast.adult.id_no)
    assert isinstance(minor[4], date)
    assert isinstance(adult[4], date)
    assert offences[cast.minor.cp_id] <= eighteenth_birthday(minor[4])
    assert offences[cast.adult.cp_id] > eighteenth_birthday(adult[4])
    assert cast.minor.cp_id in register.sealed
    assert cast.adult.cp_id not in register.sealed

    stranger = cast.stranger.id_no
    assert check_character(stranger[:17]) == stranger[17]
    cells = {cell for rows in register.rows.values() for row in rows for cell in row}
    assert stranger not in cells
    assert cast.stranger.name not in cells
    # A form about either is as long.
    assert sorted(cast.stranger.name) == sorted(cast.minor.name)


def test_the_minors_notice_is_the_only_one_that_nobody_carried_out():
    register, cast = build_register()
    overdue = [row for row in register.rows["seal_notice"] if row[6] is None]
    assert [row[:2] for row in overdue] == [(cast.notice_id, cast.minor.cp_id)]
    assert overdue[0][7] == "ACTIVE"


def test_what_the_tour_looks_for_is_there_once():
    register, cast = build_register()
    names = [row[1] for row in register.rows["person"]]
    judgments = [row[5] for row in register.rows["sentence"]]
    case_numbers = [row[1] for row in register.rows["case_file"]]
    for figure in (cast.minor, cast.adult):
        assert names.count(figure.name) == judgments.count(figure.judgment_no) == 1
    assert case_numbers.count(cast.case_no) == 1
    assert len(set(case_numbers)) == len(case_numbers)
