"""`fengcun desk officer`: who may log in to the desk."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from ledger.accounts.new_password import new_password
from ledger.accounts.passwords import hash_password, password_problem
from ledger.accounts.roster import account_name
from proxy.desk.model import Officer, Role
from proxy.desk.officers import Account, read_officers, write_officers
from proxy.desk.rules import one_name
from proxy.errors import ConfigurationError
from proxy.settings import load_settings

DEFAULT_CONFIG = Path("/etc/fengcun/fengcun.toml")

desk_app = typer.Typer(help="The query desk. 查询窗口.", no_args_is_help=True)
officer_app = typer.Typer(help="Who may log in to it. 工作人员.", no_args_is_help=True)
desk_app.add_typer(officer_app, name="officer")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The service's fengcun.toml.")]
NameArgument = Annotated[str, typer.Argument(help="Their login.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@officer_app.command()
def add(
    name: NameArgument,
    role: Annotated[
        list[Role], typer.Option(help="clerk takes in, approver decides; repeat it for both.")
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give an officer that is there a new password.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add an officer. The password is asked for, or is the one line of standard input."""
    file = _file(config)
    try:
        name = account_name(name)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    accounts = read_officers(file) if file.exists() else {}
    same = next((each for each in accounts if one_name(each) == one_name(name)), None)
    if same is not None and not (replace and same == name):
        raise ConfigurationError(
            "there is an officer of this name: --replace gives them another password and role"
        )
    try:
        password = new_password()
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if (problem := password_problem(password, name)) is not None:
        raise ConfigurationError(f"{problem}: nothing was written")
    accounts[name] = Account(Officer(name, frozenset(role)), hash_password(password))
    write_officers(file, accounts)
    typer.echo(f"已写入 / written: {file}")


@officer_app.command("list")
def list_officers(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Names and roles."""
    accounts = read_officers(_file(config))
    found = {name: sorted(role.value for role in each.officer.roles)
             for name, each in sorted(accounts.items())}  # fmt: skip
    if json:
        typer.echo(json_format.dumps(found, ensure_ascii=False))
        return
    for name, roles in found.items():
        typer.echo(f"{name}  {', '.join(roles)}")


@officer_app.command()
def remove(name: NameArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Remove an officer; who is logged in is out at the next click."""
    file = _file(config)
    accounts = read_officers(file)
    if accounts.pop(name, None) is None:
        raise ConfigurationError("there is no such officer: see `fengcun desk officer list`")
    write_officers(file, accounts)
    typer.echo(f"已移除 / removed: {file}")


def _file(config: Path) -> Path:
    desk = load_settings(config).desk
    if desk is None or desk.officers_file is None:
        raise ConfigurationError(f"{config}: desk.officers_file is missing; add this key")
    return desk.officers_file
