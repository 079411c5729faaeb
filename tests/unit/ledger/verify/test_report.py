from collections import Counter

from ledger.erasure import Payloads
from ledger.verify.report import Tally


def test_a_later_tally_continues_an_earlier_one():
    whole = Tally()
    first = Tally(payloads=Payloads(present_count=1, files_here=True, gaps={1}))
    second = Tally(payloads=Payloads(absent_count=2, absent_first=300, erased={1}))
    first.count("boot", "t1")
    first.count("decision", "t2")
    second.count("decision", "t3")
    for part in (first, Tally(), second):
        whole.add(part)
    payloads = Payloads(1, True, 2, 300, {1}, {1})
    assert whole == Tally(Counter({"boot": 1, "decision": 2}), payloads, "t1", "t3")
