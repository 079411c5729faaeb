"""Groups of commands that are imported when they are asked for: `fengcun ledger verify` starts in
a fraction of the time that the planner, the desk and the portal take to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from typer.core import TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click.core import Command, Context


@dataclass(frozen=True, slots=True)
class Group:
    """Where the `typer.Typer` of a group is."""

    module: str
    attribute: str


GROUPS: Final[Mapping[str, Group]] = MappingProxyType(
    {
        "ledger": Group("ledger.cli", "ledger_app"),
        "keys": Group("ledger.cli", "keys_app"),
        "witness": Group("ledger.witness.cli", "witness_app"),
        "portal": Group("ledger.portal.cli", "portal_app"),
        "certificate": Group("proxy.cli.certificate", "certificate_app"),
        "desk": Group("proxy.cli.officer", "desk_app"),
        "permit": Group("proxy.cli.permit", "permit_app"),
    }
)


def load_group(name: str) -> TyperGroup:
    """One of `GROUPS`."""
    group = GROUPS[name]
    found = get_group(getattr(import_module(group.module), group.attribute))
    found.name = name
    if name == "portal":
        # What a rule refuses is told by the policy's own words, which the ledger does not import.
        from proxy.policy.wording import SENTENCES

        found.context_settings["obj"] = SENTENCES
    return found


class Groups(TyperGroup):
    """Commands of its own, and those groups."""

    def list_commands(self, ctx: Context) -> list[str]:
        """All of them, its own first."""
        return [*super().list_commands(ctx), *GROUPS]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The one of that name, loaded now."""
        if cmd_name in GROUPS and cmd_name not in self.commands:
            self.commands[cmd_name] = load_group(cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """As given; who mistypes a name is told the closest of all."""
        if args and args[0] not in {*self.commands, *GROUPS}:
            for name in GROUPS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)
