"""A restart, and a crash between any two steps: what is in force is what the ledger says."""

import json
import shutil
from dataclasses import replace

import pytest

from proxy.desk.contents import decode_dossier, encode_dossier
from proxy.desk.desk import Desk
from proxy.desk.entries import permit_event
from proxy.desk.errors import DeskError
from proxy.desk.model import RefusalGround, State
from proxy.record.history import REMEMBERED_FILE
from tests.unit.proxy.desk.counter import APPROVER, BATCH, CASE, CHECK, CLERK, DAY, OTHER, PERSON


async def granted(site, application=CASE):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, application)).number
        return await desk.grant(APPROVER, number)


def unusable(site):
    return site.metrics.registry.get_sample_value("fengcun_permits_unusable")


@pytest.mark.requirement("D8", "D9")
async def test_a_restart_brings_back_what_is_in_force_and_nothing_else(site):
    async with site.open() as desk:
        made = {}
        for name in ("kept", "revoked", "ends", "waiting", "refused"):
            days = 1 if name == "ends" else 30
            made[name] = (await desk.apply(CLERK, replace(CASE, valid_days=days))).number
            if name not in ("waiting", "refused"):
                await desk.grant(APPROVER, made[name])
        await desk.revoke(APPROVER, made["revoked"], "supervision")
        await desk.refuse(APPROVER, made["refused"], RefusalGround.MISMATCH)
        before = {each.number: each for each in desk.dossiers()}
        (kept,) = [each for each in site.enforced if each.number == made["kept"]]
    site.now += 2 * DAY
    for _ in range(2):
        async with site.open() as desk:
            assert site.enforced == (kept,)
            assert unusable(site) == 0
            states = {name: desk.dossier(number).state for name, number in made.items()}
            assert states == {
                "kept": State.GRANTED,
                "revoked": State.REVOKED,
                "ends": State.EXPIRED,
                "waiting": State.RECEIVED,
                "refused": State.REFUSED,
            }
            for number in (made["kept"], made["revoked"], made["waiting"], made["refused"]):
                assert desk.dossier(number) == before[number]
            await desk.expire()


def lose(site, file, dossier):
    file.unlink()


def widen(site, file, dossier):
    """Somebody adds a person to a permit that was granted."""
    application = replace(dossier.application, subjects=(PERSON, OTHER))
    file.write_bytes(encode_dossier(replace(dossier, application=application)) + b"\n")


def tear(site, file, dossier):
    last = file.read_bytes().splitlines()[-1]
    file.write_bytes(last[:-10])


def empty(site, file, dossier):
    file.write_bytes(b"")


def rubbish(site, file, dossier):
    file.write_bytes(b"\xff\x00{[" * 1_000)


def nested(site, file, dossier):
    file.write_bytes(b"[" * 100_000)


def directory(site, file, dossier):
    file.unlink()
    file.mkdir()


def elsewhere(site, file, dossier):
    file.rename(site.desk_directory.parent / "moved")
    file.symlink_to(site.desk_directory.parent / "moved")


def unreadable_step(site, file, dossier):
    """Only the application is left, as it was received."""
    file.write_bytes(file.read_bytes().splitlines()[0] + b"\n")


@pytest.mark.parametrize(
    "harm",
    [lose, widen, tear, empty, rubbish, nested, directory, elsewhere, unreadable_step],
    ids=lambda harm: harm.__name__,
)
async def test_a_dossier_that_is_not_as_recorded_is_not_in_force(site, harm, caplog):
    dossier = await granted(site)
    other = await granted(site, CHECK)
    harm(site, site.file(dossier.number), dossier)
    async with site.open() as desk:
        assert site.numbers_in_force() == {other.number}
        with pytest.raises(DeskError) as error:
            desk.dossier(dossier.number)
        assert error.value.code == "unknown-number"
    assert unusable(site) == 1
    (said,) = [each for each in caplog.records if "not in force" in each.message]
    assert (said.levelname, said.permit) == ("ERROR", dossier.number)
    assert PERSON not in caplog.text


async def test_every_flipped_bit_of_a_granted_dossier_is_noticed(site):
    dossier = await granted(site)
    line = site.file(dossier.number).read_bytes().splitlines()[-1]
    async with site.notary() as notary_line:
        rooms = site.rooms(notary_line)
        rooms.history.begin()
        header = rooms.history.latest[dossier.number].header
        assert rooms.register.document_hmac(line) == header["document_hmac"]
        for place in range(0, len(line), 7):
            changed = bytearray(line)
            changed[place] ^= 1 << place % 8
            assert rooms.register.document_hmac(bytes(changed)) != header["document_hmac"]


async def test_the_dossier_of_another_number_does_not_pass_for_it(site):
    first, second = await granted(site), await granted(site)
    shutil.copy(site.file(second.number), site.file(first.number))
    async with site.open():
        assert site.numbers_in_force() == {second.number}


async def test_the_header_has_to_say_the_same_as_the_dossier(site):
    dossier = await granted(site)
    async with site.notary() as line:
        rooms = site.rooms(line)
        rooms.history.begin()
        header = dict(rooms.history.latest[dossier.number].header)
        stored = site.file(dossier.number).read_bytes().splitlines()[-1]
        event = permit_event(decode_dossier(stored), stored)
        assert rooms.register.says(header, event)
        for name in header:
            other = {**header, name: "other"}
            assert not rooms.register.says(other, event)
            without = {k: v for k, v in header.items() if k != name}
            # An older log does not say it; the digest of the dossier covers the day, too.
            assert rooms.register.says(without, event) is (name == "decide_by")


async def test_a_revocation_in_the_ledger_counts_whatever_the_files_say(site):
    dossier = await granted(site)
    before = site.file(dossier.number).read_bytes()
    async with site.open() as desk:
        await desk.revoke(APPROVER, dossier.number, "supervision")
    # The desk's directory is put back as it was before, with or without what it had read.
    site.file(dossier.number).write_bytes(before)
    (site.desk_directory / REMEMBERED_FILE).unlink()
    async with site.open():
        assert site.enforced == ()


async def test_the_whole_directory_put_back_brings_no_permit_back(site):
    dossier = await granted(site)
    async with site.open():
        pass
    copy = site.desk_directory.with_name("backup")
    shutil.copytree(site.desk_directory, copy)
    async with site.open() as desk:
        assert site.numbers_in_force() == {dossier.number}
        await desk.revoke(APPROVER, dossier.number, "supervision")
    shutil.rmtree(site.desk_directory)
    copy.rename(site.desk_directory)
    async with site.open():
        assert site.enforced == ()


class Crash(Exception):
    """The process ends here."""


async def take(desk, step, number):
    """Take one step; the application that is new with `apply`, or `number`."""
    match step:
        case "apply":
            await desk.apply(CLERK, CHECK)
        case "grant":
            await desk.grant(APPROVER, number)
        case "refuse":
            await desk.refuse(APPROVER, number, RefusalGround.NO_BASIS)
        case "revoke":
            await desk.revoke(APPROVER, number, "supervision")
        case "expire":
            await desk.expire()


async def crash_in(site, step, after, number, monkeypatch):
    """Take a step in a process that ends behind that part of it."""
    async with site.notary() as line:
        rooms = site.rooms(line)
        desk = Desk(rooms, lambda: site.law, site.enforce, lambda: site.now)
        await desk.start()
        if step == "expire":
            site.now += 11 * DAY
        with monkeypatch.context() as patch:
            if after == "nothing":
                patch.setattr(type(rooms.store), "add", _crash)
            elif after == "file":
                patch.setattr(type(rooms.register), "write", _crash)
            else:
                desk._enforce = _crash
            if after == "ledger" and step in ("apply", "refuse"):
                await take(desk, step, number)  # nothing is enforced by these
            else:
                with pytest.raises(Crash):
                    await take(desk, step, number)


BEFORE_AND_AFTER = {
    "apply": (State.RECEIVED, State.RECEIVED),
    "grant": (State.RECEIVED, State.GRANTED),
    "refuse": (State.RECEIVED, State.REFUSED),
    "revoke": (State.GRANTED, State.REVOKED),
    "expire": (State.EXPIRED, State.EXPIRED),
}


@pytest.mark.parametrize("step", BEFORE_AND_AFTER)
@pytest.mark.parametrize("after", ["nothing", "file", "ledger"])
async def test_a_crash_between_any_two_steps(site, step, after, monkeypatch):
    """A step that is in the ledger has happened; one that is not has not, and can be taken."""
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        if step in ("revoke", "expire"):
            await desk.grant(APPROVER, number)
    await crash_in(site, step, after, number, monkeypatch)
    happened = after == "ledger"
    async with site.open() as desk:
        assert desk.dossier(number).state is BEFORE_AND_AFTER[step][happened]
        assert len(desk.dossiers()) == (2 if step == "apply" and happened else 1)
        in_force = desk.dossier(number).state is State.GRANTED
        assert site.numbers_in_force() == ({number} if in_force else set())
        if not happened:
            await take(desk, step, number)
    async with site.open() as desk:
        assert desk.dossier(number).state is BEFORE_AND_AFTER[step][1]
        assert len(desk.dossiers()) == (2 if step == "apply" else 1)
        assert site.numbers_in_force() == ({number} if step == "grant" else set())


def _crash(*_, **__):
    raise Crash


async def test_files_that_are_in_no_ledger_count_for_nothing(site, caplog):
    dossier = await granted(site)
    forged = replace(dossier, number="xk-20260302-aaaaaaaaaa")
    site.file(forged.number).write_bytes(encode_dossier(forged) + b"\n")
    (site.desk_directory / "notes.txt").write_text("synthetic")
    async with site.open() as desk:
        assert site.numbers_in_force() == {dossier.number}
        assert len(desk.dossiers()) == 1
    (said,) = [each for each in caplog.records if "not in the ledger" in each.message]
    assert said.entries_count == 1


async def test_a_lost_dossier_of_no_permit_is_said_once(site, caplog):
    async with site.open() as desk:
        for _ in range(2):
            site.file((await desk.apply(CLERK, BATCH)).number).unlink()
    async with site.open() as desk:
        assert desk.dossiers() == ()
        assert unusable(site) == 0
    (said,) = [each for each in caplog.records if "dossiers are missing" in each.message]
    assert said.entries_count == 2


async def test_the_file_holds_the_dossier_as_it_was_granted(site):
    dossier = await granted(site)
    line = site.file(dossier.number).read_bytes().splitlines()[-1]
    assert decode_dossier(line) == dossier
    assert json.loads(line)["application"]["subjects"] == [PERSON]
