import pytest
import typer

from ledger.commands.app import plain_errors
from ledger.errors import ConfigurationError, FormatError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("no key"), 2),
        (FileNotFoundError("no file"), 2),
        (FormatError("no note"), 1),
        (PermissionError("not allowed"), 1),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(error: Exception, code: int, capsys):
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise error
    assert caught.value.exit_code == code
    assert capsys.readouterr().err == f"fengcun: {error}\n"
