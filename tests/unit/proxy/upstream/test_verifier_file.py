"""A file of verifiers: whole, private, or not served by at all."""

import os

import pytest

from proxy.errors import ConfigurationError
from proxy.upstream.verifier_file import VerifierFile
from proxy.wire.postgres.scram import parse_verifier

KEY = "A" * 43 + "="
FEW = f"SCRAM-SHA-256$4096:c2FsdA==${KEY}:{KEY}"
MANY = f"SCRAM-SHA-256$20000:c2FsdA==${KEY}:{KEY}"
SECRET = b"secret"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "verifiers"


def written(file, text, mode=0o600):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return VerifierFile(file, SECRET)


async def test_a_user_has_the_verifier_of_its_line(file):
    text = f"# desk\n\ndesk:{FEW}\nodd:name:{MANY}\r\n窗口:{FEW}\n"
    verifiers = written(file, text)
    for user, verifier in (("desk", FEW), ("odd:name", MANY), ("窗口", FEW)):
        assert await verifiers.of(user) == parse_verifier(verifier)


async def test_who_is_not_in_it_gets_what_looks_like_one_and_always_the_same(file):
    verifiers = written(file, f"a:{MANY}\nb:{MANY}\nc:{FEW}\n")
    nobody = await verifiers.of("nobody")
    assert nobody == await written(file, f"a:{MANY}\n").of("nobody")
    assert (nobody.genuine, nobody.iterations, len(nobody.salt)) == (False, 20000, 16)
    assert nobody != await verifiers.of("nobody else")


async def test_an_empty_file_lets_nobody_in(file):
    assert not (await written(file, "").of("desk")).genuine


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602, 0o620, 0o601])
def test_a_file_that_others_can_read_or_change_is_refused(file, mode):
    with pytest.raises(ConfigurationError, match="0600"):
        written(file, f"desk:{FEW}\n", mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own a file as root")
async def test_the_services_group_may_read_what_root_owns_and_nothing_else(file):
    assert (await written(file, f"desk:{FEW}\n", 0o640).of("desk")).genuine
    os.chown(file, 65534, 65534)
    with pytest.raises(ConfigurationError):
        VerifierFile(file, SECRET)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"desk:{FEW}\nplain:password\n", "line 2"),
        ('"desk" "md5abc"\n', "line 1"),
        (f":{FEW}\n", "line 1"),
        (f"desk:{FEW}\ndesk:{MANY}\n", "line 2"),
        (f"desk:{FEW} \n", "line 1"),
        (f"desk:{FEW[:-1]}\n", "line 1"),
        ("desk:SCRAM-SHA-256$0:c2FsdA==$x:y\n", "line 1"),
    ],
)
def test_a_line_that_is_none_is_named_and_not_quoted(file, text, line):
    with pytest.raises(ConfigurationError) as refused:
        written(file, text)
    assert line in str(refused.value)
    assert KEY[:20] not in str(refused.value)
    assert "password" not in str(refused.value)


def test_what_is_no_file_or_no_text_is_refused(file, tmp_path):
    for attempt in (lambda: VerifierFile(tmp_path, SECRET), lambda: VerifierFile(file, SECRET),
                    lambda: written(file, b"\xff\xfe")):  # fmt: skip
        with pytest.raises(ConfigurationError):
            attempt()
