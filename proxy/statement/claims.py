"""``SELECT set_config('fengcun.operator', $1, false)``: what a driver sends that cannot put a
parameter into SET. Followed in this one form; every other could set anything. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.names import CLAIM_SETTINGS
from proxy.statement.commands import Setting, command
from proxy.statement.facts import Facts, Verb
from proxy.statement.tree import Body, Json, body_of, field, items, strings, text


@dataclass(frozen=True, slots=True)
class Claim:
    """A setting that says who asks gets a value: ``value``, or that of a parameter, counted from 1.
    Neither: the one it had when the session began."""

    name: str
    value: str | None
    local: bool = False
    parameter: int | None = None


def claims_of(facts: Facts) -> tuple[Claim, ...] | None:
    """What the statement says about who asks; empty where nothing, None where that is not clear."""
    setting = command(facts)
    if isinstance(setting, Setting) and setting.name in CLAIM_SETTINGS:
        value = None if setting.values is None else ",".join(setting.values)
        return (Claim(setting.name, value, setting.local),)
    if not facts.settings & CLAIM_SETTINGS:
        return ()
    body = facts.body
    if facts.verb is not Verb.SELECT or set(body) - {"targetList", "limitOption", "op"}:
        return None
    claims = [_claim(target) for target in items(body, "targetList")]
    found = tuple(claim for claim in claims if claim is not None)
    return found if len(found) == len(claims) else None


def claims_first(statements: Sequence[Facts]) -> bool:
    """Whether a text says something, and nothing but the begin of a transaction comes before."""
    waiting, found = True, False
    for facts in statements:
        if claims_of(facts):
            found = True
            if not waiting:
                return False
        else:
            waiting = waiting and facts.verb is Verb.TRANSACTION
    return found


def _claim(target: Json) -> Claim | None:
    call = body_of((body_of(target, "ResTarget") or {}).get("val"), "FuncCall")
    if call is None or set(call) - {"funcname", "args", "funcformat", "location"}:
        return None
    arguments = items(call, "args")
    if strings(items(call, "funcname"))[-1:] != ["set_config"] or len(arguments) != 3:
        return None
    name = _string(arguments[0])
    local = _flag(arguments[2])
    if name is None or name.lower() not in CLAIM_SETTINGS or local is None:
        return None
    parameter = body_of(_uncast(arguments[1]), "ParamRef")
    if parameter is not None:
        number = parameter.get("number")
        return Claim(name.lower(), None, local, number) if isinstance(number, int) else None
    value = _string(_uncast(arguments[1]))
    return None if value is None else Claim(name.lower(), value, local)


def _uncast(argument: Json) -> Json:
    """A cast to text or varchar without a length changes nothing."""
    cast = body_of(argument, "TypeCast")
    if cast is None:
        return argument
    kind = field(cast, "typeName") or {}
    names = strings(items(kind, "names"))
    plain = names[-1:] in (["text"], ["varchar"]) and names[:-1] in ([], ["pg_catalog"])
    return cast.get("arg") if plain and not items(kind, "typmods") else None


def _string(argument: Json) -> str | None:
    constant = body_of(argument, "A_Const") or {}
    value = field(constant, "sval")
    return None if value is None else text(value, "sval")


def _flag(argument: Json) -> bool | None:
    constant: Body = body_of(argument, "A_Const") or {}
    flag = field(constant, "boolval")
    return None if flag is None else bool(flag.get("boolval", False))
