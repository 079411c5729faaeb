import json

import pytest

from proxy.cli.explain import Question, run
from proxy.errors import ConfigurationError
from proxy.names import RuleName
from proxy.policy.wording import in_chinese

PATH = ("base",)


def ask(sql, principal="case-application", search_path=PATH):
    return Question(sql, principal, None, search_path)


@pytest.mark.parametrize(
    ("sql", "verdict", "code"),
    [
        ("SELECT 1", "pass", 0),
        ("SELECT name FROM person", "strip", 0),
        ("LOCK TABLE person", "refuse", 1),
        ("SELECT (", "refuse", 1),
    ],
)
def test_the_exit_code_says_whether_it_would_be_served(config, capsys, sql, verdict, code):
    assert run(config, ask(sql), as_json=True) == code
    assert json.loads(capsys.readouterr().out)["verdict"] == verdict


def test_a_refusal_names_rule_and_article(config, capsys):
    question = ask("SELECT * FROM person", principal="background-check-platform")
    assert run(config, question, as_json=False) == 1
    shown = capsys.readouterr().out
    assert "platform-protected" in shown
    assert "实施办法第10条" in shown
    assert in_chinese(RuleName("platform-protected")) in shown
    assert "sends" not in shown


@pytest.mark.parametrize(
    ("sql", "said"),
    [("SELECT 1", None), ("LOCK TABLE person", in_chinese(RuleName("unsupported-statement")))],
)
def test_programs_get_the_reason_in_both_languages(config, capsys, sql, said):
    run(config, ask(sql), as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["reason_zh"] == said
    assert bool(shown["reason"]) == bool(said)


def test_a_strip_shows_the_text_that_would_be_sent(config, capsys):
    assert run(config, ask("SELECT name FROM person WHERE person_id = 3"), as_json=False) == 0
    assert "IS TRUE AND ( person_id = 3)" in capsys.readouterr().out


def test_names_are_looked_up_along_the_path_of_the_database_unless_told(config, capsys):
    assert run(config, ask("SELECT 1 FROM base.person", search_path=None), as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["relations"] == ["base.person"]


def test_an_unknown_principal_is_answered_with_those_there_are(config):
    with pytest.raises(ConfigurationError, match="query-desk"):
        run(config, ask("SELECT 1", principal="nobody"), as_json=False)
