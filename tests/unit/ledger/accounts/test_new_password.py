"""A new password, typed or piped."""

import getpass
import io
import sys

import pytest

from ledger.accounts.new_password import new_password


class Terminal(io.StringIO):
    def isatty(self):
        return True


def piped(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_line_of_standard_input(monkeypatch, end):
    piped(monkeypatch, "合成 password".encode() + end)
    assert new_password() == "合成 password"


def test_what_is_no_text_is_refused(monkeypatch):
    piped(monkeypatch, b"\xff\xfe")
    with pytest.raises(ValueError, match="UTF-8"):
        new_password()


def test_at_a_terminal_it_is_asked_for_twice(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal())
    typed = iter(["one", "one", "one", "other"])
    monkeypatch.setattr(getpass, "getpass", lambda _: next(typed))
    assert new_password() == "one"
    with pytest.raises(ValueError, match="not the same"):
        new_password()


def test_nothing_typed_is_no_password(monkeypatch):
    def ended(_):
        raise EOFError

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", ended)
    with pytest.raises(ValueError, match="no password"):
        new_password()
