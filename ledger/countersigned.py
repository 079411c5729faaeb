"""Have the published checkpoint countersigned by a command, and hold a log against what it signed.

    <log>/countersigned/<key id>    the last checkpoint with the countersigner's line

The signer is whatever drives the certified device. OpenSSL's command line verifies what it says,
before anything is kept and whenever a log is verified; no SM2 is computed here.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.countersignature import CountersignerKey, to_der, with_countersignature
from ledger.errors import ConfigurationError, FormatError, LedgerError, SignatureInvalid
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog
from ledger.note import Signature, VerifierKey, parse_note

COUNTERSIGNED_FOLDER: Final = "countersigned"
SIGNER_SECONDS: Final = 30.0
ANSWER_BYTES_MAX: Final = 1024
_CHECK_SECONDS: Final = 30.0
_IDENTITY: Final = "1234567812345678"  # GM/T 0009: where the signer has none of its own


class SignerFailed(LedgerError):
    """The command did not give a good signature. Nothing was kept."""


class NotCountersigned(LedgerError):
    """What is published is not what was countersigned before, continued."""


def countersign(
    log: Path,
    keys: list[VerifierKey],
    countersigner: CountersignerKey,
    command: str,
    *,
    timeout_seconds: float = SIGNER_SECONDS,
) -> Checkpoint:
    """Hand the published checkpoint's text to `command`, and keep what it signs.

    Does nothing where that checkpoint is countersigned already. Raises `SignerFailed`,
    `NotCountersigned` for a log that went back or holds something else, `FormatError`.
    """
    published = DirectoryLog(log).read(CHECKPOINT_PATH)
    checkpoint, note = open_checkpoint(published, keys), parse_note(published)
    before = kept(log, keys, countersigner)
    if before is not None:
        if before == checkpoint:
            return checkpoint
        if before.size >= checkpoint.size:
            raise NotCountersigned(
                f"{before.size} entries were countersigned, and {checkpoint.size} are published:"
                " a rollback or a fork? Verify the log"
            )
    answer = run_signer(command, note.text, timeout_seconds=timeout_seconds)
    try:
        signature = countersigner.read_answer(answer)
        require_valid(note.text, signature, countersigner)
    except FormatError as error:
        raise SignerFailed(f"the signer's answer is not kept: {error}") from error
    _keep(countersigned_path(log, countersigner), with_countersignature(note, signature))
    return checkpoint


def countersigned_path(log: Path, countersigner: CountersignerKey) -> Path:
    return log / COUNTERSIGNED_FOLDER / countersigner.id.hex()


def kept(log: Path, keys: list[VerifierKey], countersigner: CountersignerKey) -> Checkpoint | None:
    """The checkpoint that was countersigned last, held against both keys.

    Raises `FormatError` for a file that either did not sign.
    """
    try:
        data = countersigned_path(log, countersigner).read_bytes()
    except FileNotFoundError:
        return None
    checkpoint, note = open_checkpoint(data, keys), parse_note(data)
    require_valid(note.text, countersigner.require_in(note.signatures), countersigner)
    return checkpoint


def run_signer(command: str, text: bytes, *, timeout_seconds: float) -> bytes:
    """`text` to the command's input, without a shell; its output. Raises `SignerFailed`,
    or `ConfigurationError` for no command at all.
    """
    try:
        words = shlex.split(command)
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
    except (OSError, ValueError, IndexError) as error:
        raise ConfigurationError("the signer cannot be started: give its path") from error
    with process:
        try:
            return _answer(process, text, time.monotonic() + timeout_seconds)
        finally:
            with suppress(ProcessLookupError):  # with what it started, whatever became of it
                os.killpg(process.pid, signal.SIGKILL)


def _answer(process: subprocess.Popen[bytes], text: bytes, deadline: float) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    # A checkpoint fits into the pipe, so this waits for nobody.
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(text)
    answer = b""
    while True:
        left_seconds = max(0.0, deadline - time.monotonic())
        if not select.select([process.stdout], [], [], left_seconds)[0]:
            raise SignerFailed("the signer did not answer in time")
        chunk = os.read(process.stdout.fileno(), ANSWER_BYTES_MAX + 1)
        answer += chunk
        if len(answer) > ANSWER_BYTES_MAX:
            raise SignerFailed("the signer's answer is too long for a signature")
        if not chunk:
            break
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise SignerFailed("the signer did not end in time") from error
    if status != 0:
        raise SignerFailed(f"the signer failed with exit code {status}")
    return answer


def require_valid(text: bytes, signature: Signature, countersigner: CountersignerKey) -> None:
    """Ask OpenSSL. Raises `SignatureInvalid`, or `ConfigurationError` where it cannot be asked."""
    with tempfile.TemporaryDirectory() as directory:
        files = {name: Path(directory) / name for name in ("text", "signature", "key")}
        files["text"].write_bytes(text)
        files["signature"].write_bytes(to_der(signature))
        files["key"].write_bytes(countersigner.spki)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3"]
        command += ["-pkeyopt", f"distid:{_IDENTITY}", "-pubin", "-keyform", "DER"]
        command += ["-inkey", str(files["key"]), "-in", str(files["text"])]
        command += ["-sigfile", str(files["signature"])]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_CHECK_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ConfigurationError(
                "the countersignature cannot be checked: install OpenSSL 3 (`openssl`)"
            ) from error
    if done.returncode == 0 and b"Signature Verified Successfully" in done.stdout:
        return
    if b"Signature Verification Failure" in done.stdout:
        raise SignatureInvalid(f"the signature of {countersigner.name} is bad")
    raise ConfigurationError(
        "openssl could not check the countersignature: it needs version 3 with SM2"
    )


def _keep(path: Path, note: bytes) -> None:
    path.parent.mkdir(mode=0o755, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
