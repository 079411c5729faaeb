"""`fengcun portal account`: who may sign in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.accounts.codes import enrolment, new_secret
from ledger.accounts.new_password import new_password
from ledger.accounts.passwords import hash_password, password_problem
from ledger.accounts.roster import account_name
from ledger.commands.app import JsonOption, plain_errors, print_json
from ledger.errors import ConfigurationError
from ledger.portal.access import Role
from ledger.portal.accounts import ACCOUNTS_FILE, Account, read_accounts, write_accounts
from ledger.portal.certificates import fingerprint_in

ISSUER: Final = "Fengcun"

account_app = typer.Typer(help="Who may sign in. 账户.", no_args_is_help=True)

StateOption = Annotated[Path, typer.Option("--state", help="the portal's own directory")]
NameArgument = Annotated[str, typer.Argument(help="their login")]


@account_app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="chief and supervisor look; auditor only at lists")],
    state: StateOption,
    certificate: Annotated[
        Path | None, typer.Option(help="PEM certificate with which they may sign in, too")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="a new password and a new second factor")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Add an account. The password is asked for, or is the one line of standard input.

    Prints the secret of the second factor, once.
    """
    with plain_errors():
        name, file = _name(name), state / ACCOUNTS_FILE
        accounts = read_accounts(file) if file.exists() else {}
        same = next((each for each in accounts if each.casefold() == name.casefold()), None)
        if same is not None and not (replace and same == name):
            raise ConfigurationError("there is an account of this name: --replace it")
        shown = None if certificate is None else fingerprint_in(certificate)
        if shown is not None and any(
            each.certificate == shown for each in accounts.values() if each.name != name
        ):
            raise ConfigurationError("another account has this certificate: nothing was written")
        password = _password()
        if (problem := password_problem(password, name)) is not None:
            raise ConfigurationError(f"{problem}: nothing was written")
        secret = new_secret()
        accounts[name] = Account(name, role, hash_password(password), secret, shown)
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_accounts(file, accounts)
    uri = enrolment(secret, name, ISSUER)
    if as_json:
        print_json({"name": name, "role": role.value, "otpauth": uri})
        return
    typer.echo(f"已写入 / written: {file}")
    typer.echo("请将下面一行录入验证器应用，只显示这一次 / for the authenticator, shown once:")
    typer.echo(uri)


@account_app.command("list")
def list_accounts(state: StateOption, as_json: JsonOption = False) -> None:
    """Names and roles."""
    with plain_errors():
        accounts = read_accounts(state / ACCOUNTS_FILE)
    if as_json:
        print_json({name: each.role.value for name, each in sorted(accounts.items())})
        return
    for name, each in sorted(accounts.items()):
        certificate = "" if each.certificate is None else f"  证书 / certificate {each.certificate}"
        typer.echo(f"{name}  {each.role}{certificate}")


@account_app.command()
def remove(name: NameArgument, state: StateOption) -> None:
    """Remove an account; who is signed in is out at the next click."""
    with plain_errors():
        file = state / ACCOUNTS_FILE
        accounts = read_accounts(file)
        if accounts.pop(_name(name), None) is None:
            raise ConfigurationError("there is no such account: see `fengcun portal account list`")
        write_accounts(file, accounts)
    typer.echo(f"已移除 / removed: {file}")


def _name(written: str) -> str:
    try:
        return account_name(written)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _password() -> str:
    try:
        return new_password()
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
