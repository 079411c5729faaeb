"""SQL that makes the database itself hide what the policy seals. Printed, never run."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from pathlib import Path

import typer

from proxy.cli.live import connected
from proxy.errors import ConfigurationError
from proxy.settings import load_law, load_settings
from proxy.upstream.barriers import (
    Site,
    access_lines,
    lower_barriers,
    raise_barriers,
    read_standing,
)
from proxy.upstream.introspect import introspect


def run(config: Path, database: str | None, proxies: list[str], *, undo: bool) -> int:
    """Print the script. Exit code 0."""
    settings = load_settings(config)
    law = load_law(settings.policy.file)
    try:
        networks = tuple(ip_network(proxy) for proxy in proxies)
    except ValueError as error:
        raise ConfigurationError(f"--proxy: {error}; write an address such as 10.0.0.10") from None

    async def read() -> Site:
        async with connected(settings.upstream, database) as (name, connection):
            catalogue = await introspect(connection, name)
            return Site(law, catalogue, await read_standing(connection), networks)

    site = asyncio.run(read())
    if undo:
        typer.echo(lower_barriers(site), nl=False)
        return 0
    encrypted = settings.upstream.encryption != "disable"
    typer.echo(raise_barriers(site))
    typer.echo(access_lines(site, settings.upstream.catalogue_user, encrypted=encrypted), nl=False)
    return 0
