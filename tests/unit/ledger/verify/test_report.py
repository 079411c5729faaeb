from ledger.erasure import Payloads
from ledger.verify.report import Tally


def test_a_later_tally_continues_an_earlier_one():
    whole, first, second = Tally(), Tally(payloads=Payloads(1)), Tally(payloads=Payloads(2))
    first.count("boot", "t1")
    first.count("decision", "t2")
    second.count("decision", "t3")
    for part in (first, Tally(), second):
        whole.add(part)
    assert whole == Tally({"boot": 1, "decision": 2}, Payloads(3), "t1", "t3")
