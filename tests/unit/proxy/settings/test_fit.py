"""A policy is for the databases it is put in force on, or it is not put in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.names import QualifiedName
from proxy.settings.fit import require_certificates, require_fit
from proxy.settings.law import load_law
from proxy.settings.problems import ConfigurationProblems
from proxy.settings.service import Ledger, PolicyFile, Settings, Tls, Upstream
from proxy.statement.catalogue import Catalogue, Column, Relation, RelationKind

INT = QualifiedName("pg_catalog", "int4")
DIGEST = f"digest = 'sha256:{'0' * 64}'\n"
POLICY = """\
[relation."s.person"]
article = "x"
subject = "id"
visible_when = "self.open"

[relation."s.paper"]
article = "x"
visible_when = "EXISTS (SELECT 1 FROM s.person AS p WHERE p.id = self.person_id AND visible(p))"
mask = { title = "'x'" }

[relation."s.note"]
article = "x"
follows = [{ relation = "s.paper", on = { paper_id = "id" } }]
"""
TABLES = {
    "person": ("id", "open"),
    "paper": ("id", "person_id", "title"),
    "note": ("id", "paper_id"),
}
NO_RELATION = "the database has no such relation"
NO_COLUMN = "and there is no such column"


def catalogue(tables: dict[str, tuple[str, ...]]) -> Catalogue:
    relations = {}
    for number, (name, columns) in enumerate(tables.items(), start=1):
        qualified = QualifiedName("s", name)
        made = tuple(Column(column, 23, INT, not_null=False) for column in columns)
        relations[qualified] = Relation(qualified, number, RelationKind.TABLE, made)
    return Catalogue("a", "1", relations)


@pytest.fixture
def problems(tmp_path: Path):
    """What is said of a policy for databases with such tables, line by line."""

    def said(policy: str, *databases: dict[str, tuple[str, ...]]) -> list[str]:
        file = tmp_path / "policy.toml"
        file.write_text(policy, encoding="utf-8")
        law = load_law(file)
        catalogues = {f"d{number}": catalogue(tables) for number, tables in enumerate(databases)}
        try:
            require_fit(file, law, catalogues)
        except ConfigurationProblems as error:
            return [line.removeprefix(f"{file}:") for line in str(error).splitlines()]
        return []

    return said


def test_a_policy_that_names_what_is_there_is_put_in_force(problems):
    assert problems(POLICY, TABLES) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("self.open", "self.opne",
         (f'4: relation."s.person".visible_when: it names column opne of s.person {NO_COLUMN};'
         ' did you mean "open"?')),
        ('subject = "id"', 'subject = "number"',
         f'3: relation."s.person".subject: it names column number of s.person {NO_COLUMN}'),
        ("= self.person_id", "= self.persons_id",
         (f'8: relation."s.paper".visible_when: it names column persons_id of s.paper {NO_COLUMN};'
         ' did you mean "person_id"?')),
        ("p.id =", "p.number =",
         f'8: relation."s.paper".visible_when: it names column number of s.person {NO_COLUMN}'),
        ("{ title", "{ tilte",
         (f'9: relation."s.paper".mask.tilte: it names column tilte of s.paper {NO_COLUMN};'
         ' did you mean "title"?')),
        ("paper_id =", "papers_id =",
         ('13: relation."s.note".follows[0].on.papers_id: it names column papers_id of s.note'
         f' {NO_COLUMN}; did you mean "paper_id"?')),
        ('= "id" }', '= "idd" }',
         ('13: relation."s.note".follows[0].on.paper_id: it names column idd of s.paper'
         f' {NO_COLUMN}; did you mean "id"?')),
        ('[relation."s.note"]', '[relation."s.notes"]',
         f'11: relation."s.notes": s.notes is sealed and {NO_RELATION}; did you mean "s.note"?'),
        ("self.open", "EXISTS (SELECT 1 FROM s.nottes AS n WHERE n.id = self.id)",
         (f'4: relation."s.person".visible_when: it reads s.nottes and {NO_RELATION};'
         ' did you mean "s.note"?')),
        ('[relation."s.note"]', '[relation."x.v"]\nopen = true\n[relation."s.note"]',
         f'11: relation."x.v": x.v is declared open and {NO_RELATION}'),
        ('[relation."s.note"]', '[function."s.f()"]\n' + DIGEST + '[relation."s.note"]',
         '11: function."s.f()": s.f() is approved and the database has no such function'),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named_once_with_its_line(problems, right, wrong, said):
    """Also where other rules contain the wrong one: ``visible`` and ``follows`` repeat nothing."""
    assert right in POLICY
    assert problems(POLICY.replace(right, wrong, 1), TABLES) == [said]


def test_everything_that_is_not_there_is_named(problems):
    policy = POLICY.replace("self.open", "self.opne").replace("= self.person_id", "= self.owner")
    assert [line.partition(":")[0] for line in problems(policy, TABLES)] == ["4", "8"]


def test_one_policy_may_be_for_several_databases(problems):
    people = {"person": TABLES["person"], "paper": TABLES["paper"]}
    notes = {"note": TABLES["note"], **people}
    assert problems(POLICY, people, notes) == []


def test_what_no_database_has_is_named_once(problems):
    (said,) = problems(POLICY.replace("s.note", "s.gone"), TABLES, TABLES)
    assert said.startswith('11: relation."s.gone": s.gone is sealed')


def test_where_a_rule_applies_all_that_it_names_must_be_there(problems):
    (said,) = problems(POLICY, TABLES, {"paper": TABLES["paper"]})
    assert "it reads s.person" in said


def test_a_file_that_has_changed_since_gives_no_line(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text(POLICY.replace("self.open", "self.opne"), encoding="utf-8")
    law = load_law(file)
    file.write_text("\n" + POLICY, encoding="utf-8")
    with pytest.raises(ConfigurationProblems) as caught:
        require_fit(file, law, {"d": catalogue(TABLES)})
    assert str(caught.value).startswith(f'{file}: relation."s.person"')


def test_a_quoted_name_is_found_in_the_file(problems):
    policy = '[relation.\'s."Person"\']\narticle = "x"\nvisible_when = "false"\n'
    (said,) = problems(policy, TABLES)
    assert said.startswith("1: relation.")


ASKS_FOR_ONE = """\
[[principal]]
name = "first"
kind = "unit"
match = { user = "a" }

[[principal]]
name = "second"
kind = "unit"
match = [{ user = "b" }, { certificate = "CN=b" }]
"""


@pytest.mark.parametrize("asked", ["no", "optional", "required", None])
def test_a_certificate_that_nobody_is_asked_for_is_a_mistake(tmp_path, asked):
    file = tmp_path / "policy.toml"
    file.write_text(ASKS_FOR_ONE, encoding="utf-8")
    tls = {"certificate_file": "c", "key_file": "k", "client_certificates": asked, "required": True}
    authority = {} if asked == "no" else {"client_ca_file": "ca"}
    settings = Settings(
        upstream=Upstream(host="/run", databases=("a",), catalogue_user="c"),
        ledger=Ledger(directory=tmp_path, keys=tmp_path, origin="o"),
        policy=PolicyFile(file=file),
        tls=None if asked is None else Tls.model_validate(tls | authority),
    )
    if asked in ("optional", "required"):
        require_certificates(settings, load_law(file))
        return
    with pytest.raises(ConfigurationProblems) as wrong:
        require_certificates(settings, load_law(file))
    (problem,) = wrong.value.problems
    assert (problem.line, problem.key) == (9, "principal[1].match")
    assert "tls.client_certificates" in problem.message
