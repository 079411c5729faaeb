"""Turns are shared by sources, not by who comes first or most often."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from proxy.server.turns import Turns

GREEDY, MODEST = "10.0.0.1", "10.0.0.2"


async def take(turns, source, order, gate):
    async with turns.of(source):
        order.append(source)
        await gate.wait()


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("at_once_max", "of_one"), [(64, 16), (4, 1), (5, 2), (1, 1)])
async def test_one_source_has_a_quarter_and_another_still_has_a_turn(at_once_max, of_one):
    turns, order, gate = Turns(at_once_max), [], asyncio.Event()
    tasks = [asyncio.create_task(take(turns, GREEDY, order, gate)) for _ in range(at_once_max)]
    await settle()
    assert len(order) == of_one
    tasks.append(asyncio.create_task(take(turns, MODEST, order, gate)))
    await settle()
    assert (MODEST in order) is (of_one < at_once_max)
    gate.set()
    await asyncio.gather(*tasks)
    assert len(order) == at_once_max + 1


async def test_sources_that_wait_are_called_one_of_each_in_turn():
    turns, order, gate = Turns(2), [], asyncio.Event()
    async with AsyncExitStack() as stack:
        for source in ("a", "b"):
            await stack.enter_async_context(turns.of(source))
        waiting = [GREEDY] * 3 + [MODEST] * 2
        tasks = [asyncio.create_task(take(turns, s, order, gate)) for s in waiting]
        await settle()
        assert order == []
    gate.set()
    await asyncio.gather(*tasks)
    assert order == [GREEDY, MODEST, GREEDY, MODEST, GREEDY]


async def test_who_gives_up_waiting_takes_no_turn_along():
    turns, order, gate = Turns(1), [], asyncio.Event()
    async with turns.of("a"):
        tasks = [asyncio.create_task(take(turns, s, order, gate)) for s in (GREEDY, MODEST)]
        await settle()
        tasks[0].cancel()
        await settle()
    await settle()
    assert order == [MODEST]
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with turns.of("a"):
        pass


async def test_a_turn_given_to_who_has_just_given_up_goes_to_the_next():
    turns, order, gate = Turns(1), [], asyncio.Event()
    async with turns.of("a"):
        tasks = [asyncio.create_task(take(turns, s, order, gate)) for s in (GREEDY, MODEST)]
        await settle()
    tasks[0].cancel()  # it has been called and has not run yet
    await settle()
    assert order == [MODEST]
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_has_given_up_and_not_run_since_is_not_called():
    turns, order, gate = Turns(1), [], asyncio.Event()
    async with turns.of("a"):
        tasks = [asyncio.create_task(take(turns, s, order, gate)) for s in (GREEDY, GREEDY, MODEST)]
        await settle()
        tasks[0].cancel()
    await settle()
    assert len(order) == 1
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(order) == [GREEDY, MODEST]
    async with turns.of("a"):
        pass


async def test_whatever_ends_at_once_leaves_as_many_turns_as_there_were():
    turns, order = Turns(4), []
    for _ in range(20):
        gate = asyncio.Event()
        tasks = [asyncio.create_task(take(turns, f"s{n % 3}", order, gate)) for n in range(12)]
        await settle()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with AsyncExitStack() as stack:
        for number in range(4):
            await stack.enter_async_context(turns.of(f"t{number}"))
