"""The commands and their options; each command's work is in a file of its own."""

from __future__ import annotations

import sys
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import LedgerError
from proxy.cli.groups import Groups
from proxy.errors import ConfigurationError, FengcunError

EXIT_CONFIGURATION = 2

app = typer.Typer(
    name="fengcun",
    cls=Groups,
    help="封存 Fengcun: sealed juvenile records stay sealed, and every access is recorded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The service's fengcun.toml.", show_default=True)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DEFAULT_CONFIG = Path("/etc/fengcun/fengcun.toml")


@app.command()
def serve(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the service: notary, proxy and metrics."""
    from proxy.cli.serve import run

    raise typer.Exit(run(config))


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Check configuration and policy against the live database; exit 1 for what is not covered."""
    from proxy.cli.check import run

    raise typer.Exit(run(config, as_json=json))


@app.command()
def explain(
    sql: Annotated[str, typer.Argument(help="The statement; - reads it from standard input.")],
    principal: Annotated[str, typer.Option("--as", help="The principal of the policy who asks.")],
    config: ConfigOption = DEFAULT_CONFIG,
    database: Annotated[
        str | None, typer.Option(help="The database; the first configured one by default.")
    ] = None,
    search_path: Annotated[
        str | None,
        typer.Option(
            help="Schemas, comma-separated; by default those the principal's login starts with."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the decision on a statement and the rewritten text; sends nothing to the database."""
    from proxy.cli.explain import Question, run

    text = sys.stdin.read() if sql == "-" else sql
    path = tuple(s.strip() for s in search_path.split(",")) if search_path else None
    raise typer.Exit(run(config, Question(text, principal, database, path), as_json=json))


@app.command()
def inventory(
    config: ConfigOption = DEFAULT_CONFIG,
    database: Annotated[
        str | None, typer.Option(help="The database; the first configured one by default.")
    ] = None,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Print views and functions, too.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List what is served as it is, too.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List what a database holds of its own, what is done with it, and how to approve it."""
    from proxy.cli.inventory import run

    raise typer.Exit(run(config, database, bodies=bodies, everything=everything, as_json=json))


@app.command()
def harden(
    proxy: Annotated[
        list[str],
        typer.Option(help="An address or network that the proxy connects from; repeat it."),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    database: Annotated[
        str | None, typer.Option(help="The database; the first configured one by default.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Print the script that takes it back.")
    ] = False,
) -> None:
    """Print SQL for a second barrier: row-level security as the policy has it. Runs nothing."""
    from proxy.cli.harden import run

    raise typer.Exit(run(config, database, proxy, undo=undo))


@app.command()
def scan(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Look for what should be sealed and is not, into the running service's ledger."""
    from proxy.cli.scan import run

    raise typer.Exit(run(config, as_json=json))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the tour.")] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep everything the demo makes in this directory.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the proxy; another if it is taken.")
    ] = None,
) -> None:
    """A guided tour on an embedded PostgreSQL with a synthetic agency database."""
    from proxy.demo.tour import run

    raise typer.Exit(run(once=once, keep=keep, port=port))


@app.command()
def version() -> None:
    """Print the version."""
    _print_version(wanted=True)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(distribution_version("fengcun"))
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda value: _print_version(wanted=value), is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:  # fmt: skip
    """封存 Fengcun: sealed juvenile records stay sealed, and every access is recorded."""


def main() -> None:
    """Run the command; errors that a person can mend are lines, not tracebacks."""
    try:
        app(prog_name="fengcun")
    except ConfigurationError as error:
        _fail(str(error), EXIT_CONFIGURATION)
    except (FengcunError, LedgerError) as error:
        _fail(str(error), 1)


def _fail(message: str, code: int) -> None:
    for line in message.splitlines() or ["failed"]:
        typer.secho(f"fengcun: {line}", err=True, fg=typer.colors.RED)
    raise SystemExit(code)
