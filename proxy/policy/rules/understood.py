"""What is not understood is refused; what two parsers understand differently, too."""

from __future__ import annotations

from proxy.names import RuleName
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.facts import Facts, SecondOpinion, Verb

_PHYSICAL = frozenset(("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"))


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse statements, syntax and texts that nobody has vouched for."""
    if facts.verb is Verb.OTHER:
        return Refusal(
            RuleName("unsupported-statement"),
            "this kind of statement is not served through the proxy",
        )
    if facts.unknown_syntax:
        return Refusal(
            RuleName("unsupported-syntax"),
            f"this syntax is not served through the proxy ({facts.unknown_syntax[0]})",
        )
    if facts.second_opinion is SecondOpinion.DISAGREES:
        return Refusal(
            RuleName("parsers-disagree"),
            "the statement can be read in two ways; write it without unusual comments or quoting",
        )
    if not context.sealed(facts):
        return None
    if facts.second_opinion is SecondOpinion.SILENT:
        return Refusal(
            RuleName("parsers-disagree"),
            "a statement on protected relations has to be readable to both parsers; write it in"
            " plainer SQL",
        )
    if facts.column_names & _PHYSICAL:
        return Refusal(
            RuleName("system-column"),
            "system columns of protected relations are not served (ctid, xmin and their like)",
        )
    return None
