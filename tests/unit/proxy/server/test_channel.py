"""Two processes ask each other; nonsense ends the line and not the process."""

import asyncio
import socket

import pytest

from proxy.errors import (
    ConfigurationError,
    ProtocolViolation,
    RecordUnavailable,
    UpstreamUnavailable,
)
from proxy.server.channel import Channel, NoAnswer

SOON_S = 5.0


async def echo(verb, body):
    return f"{verb} {body}"


async def joined(answer=echo, line_bytes_max=1 << 20):
    """A channel, and the raw socket at its other end."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(
        lambda: Channel(answer, line_bytes_max=line_bytes_max), sock=ours
    )
    return channel, theirs


async def pair(first=echo, second=echo):
    one, raw = await joined(first)
    loop = asyncio.get_running_loop()
    _, other = await loop.create_unix_connection(
        lambda: Channel(second, line_bytes_max=1 << 20), sock=raw
    )
    return one, other


async def test_both_may_ask_at_once_and_each_gets_its_own_answer():
    one, other = await pair()
    asked = [one.ask("a", str(n), seconds_max=SOON_S) for n in range(20)]
    asked += [other.ask("b", "封存\n", seconds_max=SOON_S)]
    answers = await asyncio.gather(*asked)
    assert answers == [*(f"a {n}" for n in range(20)), "b 封存\n"]


@pytest.mark.parametrize(
    "problem", [ConfigurationError, RecordUnavailable, UpstreamUnavailable], ids=lambda p: p.label
)
async def test_an_error_of_ours_crosses_with_its_text(problem):
    async def fail(*_):
        raise problem("it is so")

    one, _ = await pair(second=fail)
    with pytest.raises(problem, match="it is so"):
        await one.ask("a", seconds_max=SOON_S)


async def test_who_does_not_answer_in_time_is_not_waited_for():
    async def never(*_):
        await asyncio.Event().wait()
        return ""

    one, other = await pair(second=never)
    with pytest.raises(NoAnswer):
        await one.ask("a", seconds_max=0.05)
    assert await other.ask("still", "there", seconds_max=SOON_S) == "still there"


async def test_who_is_gone_is_known_to_be():
    one, raw = await joined()
    asked = asyncio.create_task(one.ask("a", seconds_max=SOON_S))
    await asyncio.sleep(0)
    raw.close()
    with pytest.raises(NoAnswer):
        await asked
    await asyncio.wait_for(one.lost, SOON_S)
    with pytest.raises(NoAnswer):
        await one.ask("a", seconds_max=SOON_S)
    one.tell("a")


async def test_what_is_told_is_not_answered():
    heard = asyncio.Queue()

    async def hear(verb, body):
        heard.put_nowait((verb, body))
        raise ProtocolViolation("nobody wants to know")

    one, _ = await pair(second=hear)
    one.tell("a", "b")
    assert await heard.get() == ("a", "b")
    assert not one.lost.done()


@pytest.mark.parametrize(
    "nonsense",
    [b"GET / HTTP/1.1\r\n", b"[1]\n", b'["ask", "7", "a", "b"]\n', b'["answer", 1]\n', b"x" * 200],
    ids=["not-json", "too-short", "text-for-a-number", "half-an-answer", "without-end"],
)
async def test_nonsense_ends_the_line(nonsense):
    one, raw = await joined(line_bytes_max=100)
    with raw:
        raw.send(nonsense)
        await asyncio.wait_for(one.lost, SOON_S)


async def test_an_answer_to_nothing_is_ignored_and_any_chunking_is_the_same():
    one, raw = await joined()
    with raw:
        for byte in b'["answer", 9, "", ""]\n["ask", 3, "a", "b"]\n':
            raw.send(bytes((byte,)))
            await asyncio.sleep(0)
        answer = await asyncio.get_running_loop().sock_recv(raw, 1000)
        assert answer == b'["answer", 3, "", "a b"]\n'
        await one.close()


async def test_a_mistake_of_our_own_ends_the_line_so_that_nobody_waits():
    async def broken(*_):
        raise ZeroDivisionError

    one, _ = await pair(second=broken)
    with pytest.raises(NoAnswer):
        await one.ask("a", seconds_max=SOON_S)
