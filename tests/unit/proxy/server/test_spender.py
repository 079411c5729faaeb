from dataclasses import replace

import pytest

from proxy.names import PrincipalName
from proxy.policy.budget import Asker, Request
from proxy.policy.law import Law, Principal, PrincipalKind
from proxy.policy.limits import Limits
from proxy.policy.uses import Use
from proxy.server.spender import Spender, limits_of
from tests.unit.proxy.record.test_spending import PEOPLE, Log, decision, used

POLICE = Principal(PrincipalName("police"), PrincipalKind.HANDLER, ())
WHO = Asker(POLICE.name, "a" * 32)


def law(**limits):
    return Law("d", {}, (replace(POLICE, limits=Limits(**limits)),))


def test_only_who_is_counted_over_time_has_a_budget():
    assert limits_of(law(rows_per_statement=5)) == {}
    assert list(limits_of(law(subjects_per_day=5))) == [POLICE.name]


async def test_a_policy_that_begins_to_limit_counts_what_was_recorded_before(tmp_path):
    log = Log(tmp_path)
    await log.write(decision(PEOPLE[:3]))
    spender = Spender(log.settings)
    await spender.follow(law())
    assert spender.owner.at_once(Request(WHO, (PEOPLE[9],))).many
    await spender.follow(law(subjects_per_day=4))
    assert spender.owner.at_once(Request(WHO, (PEOPLE[9],))).many
    assert not spender.owner.at_once(Request(WHO, (PEOPLE[8],))).many


async def test_counts_are_kept_beside_the_log_and_taken_up_again(tmp_path):
    log = Log(tmp_path)
    await log.write(decision(PEOPLE[:3]))
    limits = law(subjects_per_day=4)
    spender = Spender(log.settings)
    await spender.keep()
    file = log.settings.directory.with_name(log.settings.directory.name + ".budget")
    assert not file.exists()
    await spender.follow(limits)
    assert spender.owner.at_once(Request(WHO, (PEOPLE[9],))).many
    await spender.keep()
    assert file.stat().st_mode & 0o777 == 0o600
    other = Spender(log.settings)
    await other.follow(limits)
    assert not other.owner.at_once(Request(WHO, (PEOPLE[8],))).many


@pytest.mark.requirement("D8")
async def test_uses_are_read_once_and_what_the_owner_knows_goes_before_the_log(tmp_path):
    log = Log(tmp_path)
    await log.write(used("p-1"))
    spender = Spender(log.settings)
    one = Request(WHO, uses=(Use("p-1", 3),))
    assert not spender.owner.at_once(one).many
    await spender.count_uses()
    assert spender.owner.at_once(one).many
    # That was not recorded yet; a policy that begins to limit reads the log again.
    await spender.follow(law(subjects_per_day=4))
    await spender.count_uses()
    assert spender.owner.at_once(one).many
    assert not spender.owner.at_once(one).many
    await spender.keep()
    other = Spender(log.settings)
    await other.follow(law(subjects_per_day=4))
    assert [other.owner.at_once(one).many for _ in range(3)] == [1, 1, 0]
