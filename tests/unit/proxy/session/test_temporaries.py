"""What a session may have is never less than what it has: against a model of the server."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.session.savepoints import SAVEPOINTS_MAX
from proxy.session.temporaries import TEMPORARIES_MAX, Temporaries
from proxy.statement.commands import TransactionControl
from proxy.statement.temporary import DropTemporaries, MakeTemporary

NAMES = st.sampled_from(["a", "b", "c"])
SAVEPOINTS = st.sampled_from(["s", "t"])


class Server:
    """What PostgreSQL does, told by copying everything at each turn."""

    def __init__(self):
        self.tables = {}  # name -> dropped at the end
        self.before = {}
        self.savepoints = []

    def run(self, step):
        """Whether the statement is one that the server would have done."""
        match step:
            case MakeTemporary(name=name, dropped_at_end=dropped):
                if name in self.tables:
                    return False
                self.tables[name] = dropped
            case DropTemporaries(names=None):
                self.tables = {}
            case DropTemporaries(names=names):
                if not {*names} <= self.tables.keys():
                    return False
                self.tables = {k: v for k, v in self.tables.items() if k not in names}
            case TransactionControl(kind="SAVEPOINT", savepoint=name):
                self.savepoints.append((name, dict(self.tables)))
            case TransactionControl(kind="COMMIT"):
                self.end(kept={n: d for n, d in self.tables.items() if not d})
            case TransactionControl(kind="ROLLBACK"):
                self.end(kept=self.before)
            case TransactionControl(kind=kind, savepoint=name):
                found = [n for n, (each, _) in enumerate(self.savepoints) if each == name]
                if not found:
                    return False
                if kind == "RELEASE":
                    del self.savepoints[found[-1] :]
                else:
                    del self.savepoints[found[-1] + 1 :]
                    self.tables = dict(self.savepoints[-1][1])
        return True

    def end(self, kept):
        self.tables = dict(kept)
        self.before = dict(kept)
        self.savepoints = []


STEPS = st.one_of(
    st.builds(MakeTemporary, NAMES, st.booleans()),
    st.builds(lambda name: DropTemporaries((name,)), NAMES),
    st.just(DropTemporaries(None)),
    st.builds(TransactionControl, st.sampled_from(["SAVEPOINT", "RELEASE", "ROLLBACK_TO"]),
              SAVEPOINTS),
    st.builds(TransactionControl, st.sampled_from(["COMMIT", "ROLLBACK"])),
)  # fmt: skip


def apply(temporaries, step):
    match step:
        case MakeTemporary():
            temporaries.make(step)
        case DropTemporaries():
            temporaries.drop(step)
        case TransactionControl():
            temporaries.follow(step, failed=False)


@given(st.lists(STEPS, max_size=30))
def test_it_is_what_the_server_has(steps):
    server, temporaries = Server(), Temporaries()
    for step in steps:
        if server.run(step):
            apply(temporaries, step)
            assert temporaries.names == server.tables.keys()


def test_a_failed_commit_is_a_rollback():
    temporaries = Temporaries()
    temporaries.make(MakeTemporary("a", dropped_at_end=False))
    temporaries.follow(TransactionControl("COMMIT"), failed=True)
    assert temporaries.names == set()


def test_what_a_failed_text_may_have_kept_counts_as_there():
    made = MakeTemporary("a", dropped_at_end=True)
    temporaries = Temporaries()
    temporaries.failed((made,))
    assert temporaries.names == set()
    temporaries.failed((made, TransactionControl("COMMIT")))
    temporaries.end_transaction(committed=False)
    temporaries.end_transaction(committed=True)
    assert temporaries.names == {"a"}


def test_going_back_to_a_forgotten_savepoint_forgets_no_table():
    temporaries = Temporaries()
    temporaries.follow(TransactionControl("SAVEPOINT", "first"), failed=False)
    temporaries.make(MakeTemporary("a", dropped_at_end=True))
    for _ in range(SAVEPOINTS_MAX):
        temporaries.follow(TransactionControl("SAVEPOINT", "s"), failed=False)
    temporaries.drop(DropTemporaries(None))
    temporaries.follow(TransactionControl("ROLLBACK_TO", "first"), failed=False)
    temporaries.follow(TransactionControl("COMMIT"), failed=False)
    assert temporaries.names == {"a"}


def test_there_is_a_most():
    temporaries = Temporaries()
    for number in range(TEMPORARIES_MAX):
        assert not temporaries.full
        temporaries.make(MakeTemporary(f"t{number}", dropped_at_end=False))
    assert temporaries.full


def test_as_long_as_nothing_changes_it_is_the_same_object():
    temporaries = Temporaries()
    temporaries.make(MakeTemporary("a", dropped_at_end=False))
    names = temporaries.names
    temporaries.end_transaction(committed=True)
    temporaries.end_transaction(committed=False)
    assert temporaries.names is names
