"""`fengcun ledger` and `fengcun keys`. Exit codes: 0 fine, 1 something is wrong, 2 wrong usage."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.disk import LocalDisk, require_durable_filesystem
from ledger.entry import Entry, parse_entry
from ledger.errors import ConfigurationError, FormatError, LedgerError
from ledger.fetch import DirectoryLog, entries, entry_at
from ledger.fields import EntryKind
from ledger.keys import (
    init_keys,
    load_identity,
    load_keys,
    load_recipients,
    load_verifier_keys,
    write_identity,
)
from ledger.log import create_log
from ledger.note import VerifierKey
from ledger.opener import PayloadOpener
from ledger.proof import check_proof, prove
from ledger.verify import LogInvalid, verify_log
from ledger.witnessed import CosignedNote, cosigned_path, kept
from ledger.wording import (
    invalid_as_json,
    report_as_json,
    report_lines,
    sentence,
    witness_as_json,
    witness_line,
)

FOUND_WRONG: Final = 1
WRONG_USAGE: Final = 2

ledger_app = typer.Typer(
    help="The audit ledger: create, verify, show, prove.", no_args_is_help=True
)
keys_app = typer.Typer(help="Keys of the ledger: make and show.", no_args_is_help=True)

LogOption = Annotated[Path, typer.Option("--log", help="log directory, or a copy of one")]
KeysOption = Annotated[Path, typer.Option("--keys", help="key directory of the proxy host")]
KeyOption = Annotated[
    list[Path], typer.Option("--key", help="file with the log's public key (log.vkey); repeatable")
]
JsonOption = Annotated[bool, typer.Option("--json", help="for programs")]
ProxyOption = Annotated[str, typer.Option("--proxy-id", help="short name of this proxy, a-z 0-9 -")]


@contextmanager
def plain_errors() -> Iterator[None]:
    """One clear line instead of a traceback; 2 for usage and configuration, 1 for the log."""
    try:
        yield
    except (ConfigurationError, FileNotFoundError) as error:
        typer.echo(f"fengcun: {error}", err=True)
        raise typer.Exit(WRONG_USAGE) from error
    except (LedgerError, OSError) as error:
        typer.echo(f"fengcun: {error}", err=True)
        raise typer.Exit(FOUND_WRONG) from error


def print_json(value: object) -> None:
    """One line for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def require_log(log: Path) -> DirectoryLog:
    if not (log / "checkpoint").is_file():
        raise ConfigurationError(f"there is no ledger at {log}: a log has a file named checkpoint")
    return DirectoryLog(log)


def load_checkpoint(path: Path, keys: list[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(path.read_bytes(), keys)
    except FormatError as error:
        raise ConfigurationError(f"{path} is not a checkpoint of this log: {error}") from error


@ledger_app.command()
def create(
    log: LogOption,
    keys: KeysOption,
    proxy_id: ProxyOption = "p1",
    predecessor: Annotated[
        Path | None, typer.Option(help="last checkpoint of the log this one continues")
    ] = None,
    predecessor_key: Annotated[Path | None, typer.Option(help="public key of that log")] = None,
    force_filesystem: Annotated[
        bool, typer.Option(help="accept a file system that may not keep a sync")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the genesis entry. A log is created once, by this command and by nothing else."""
    with plain_errors():
        loaded = load_keys(keys, proxy_id)
        last = None
        if predecessor is not None:
            if predecessor_key is None:
                raise ConfigurationError("--predecessor needs --predecessor-key")
            last = load_checkpoint(predecessor, load_verifier_keys([predecessor_key]))
        log.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not force_filesystem:
            require_durable_filesystem(log)
        create_log(
            LocalDisk(log),
            loaded,
            proxy_id,
            now_ms=time.time_ns() // 1_000_000,
            predecessor=last,
        )
    if as_json:
        print_json({"origin": loaded.origin, "log_key": str(loaded.log.verifier)})
        return
    typer.echo(f"账本已建立 / ledger created: {loaded.origin} in {log}")
    typer.echo(
        f"请把这行公钥交给检察机关 / give this public key to the procuratorate:\n"
        f"{loaded.log.verifier}"
    )


@ledger_app.command()
def verify(
    log: LogOption,
    key: KeyOption,
    seen: Annotated[
        list[Path] | None,
        typer.Option(help="a checkpoint of this log kept elsewhere: finds rollback and fork"),
    ] = None,
    witness: Annotated[
        list[Path] | None,
        typer.Option(help="a witness's public key: also hold the log against what it cosigned"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute everything from the entries, with public keys only. Exit 1 if any is wrong."""
    with plain_errors():
        keys = load_verifier_keys(key)
        reader = require_log(log)
        checkpoints = [load_checkpoint(path, keys) for path in seen or []]
        witnessed = [_witnessed(log, each) for each in _witness_keys(witness)]
        checkpoints += [load_checkpoint(path, keys) for path, _ in witnessed]
        try:
            report = verify_log(reader, keys, seen=checkpoints, progress=_progress)
        except LogInvalid as invalid:
            _clear_progress()
            print_json(invalid_as_json(invalid)) if as_json else typer.secho(
                sentence(invalid), fg=typer.colors.RED, bold=True
            )
            raise typer.Exit(FOUND_WRONG) from invalid
    _clear_progress()
    seen_by = [cosigned for _, cosigned in witnessed]
    if as_json:
        print_json({**report_as_json(report), "witnesses": list(map(witness_as_json, seen_by))})
        return
    first, *rest = report_lines(report)
    typer.secho(first, fg=typer.colors.GREEN, bold=True)
    typer.echo("\n".join([*rest, *map(witness_line, seen_by)]))


def _witness_keys(files: list[Path] | None) -> list[VerifierKey]:
    return load_verifier_keys(files) if files else []


def _witnessed(log: Path, witness: VerifierKey) -> tuple[Path, CosignedNote]:
    """What the witness cosigned last, as far as this copy of the log knows, and the file of it."""
    found = kept(log, witness)
    if found is None:
        raise FormatError(f"{witness.name} has cosigned nothing of this copy of the log")
    return cosigned_path(log, witness), found


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        percent = 100 * done // max(1, total)
        sys.stderr.write(f"\r\x1b[K正在核验 / verifying  {done:,} of {total:,}  {percent} %")
        sys.stderr.flush()


def _clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


@ledger_app.command()
def show(
    log: LogOption,
    start: Annotated[int, typer.Option("--from", min=0, help="first entry")] = 0,
    count: Annotated[int, typer.Option(min=1, help="at most so many")] = 20,
    kind: Annotated[EntryKind | None, typer.Option(help="only this kind")] = None,
    identity: Annotated[
        Path | None, typer.Option(help="a recipient's private key: shows payloads")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print entries. Checks nothing: run verify for that."""
    with plain_errors():
        reader = require_log(log)
        opener = None if identity is None else PayloadOpener(reader, load_identity(identity))
        shown = 0
        for index, data, ciphertext in entries(reader, start):
            entry = parse_entry(data)[0]
            if kind is not None and entry.kind is not kind:
                continue
            _show_entry(index, entry, _open_payload(opener, entry, ciphertext), as_json=as_json)
            shown += 1
            if shown == count:
                return


def _open_payload(opener: PayloadOpener | None, entry: Entry, ciphertext: bytes) -> str | None:
    if opener is None or entry.payload is None:
        return None
    if not ciphertext:
        return "(本副本不含密文 / not in this copy)"
    return opener.open(entry, ciphertext).decode(errors="replace")


def _show_entry(index: int, entry: Entry, payload: str | None, *, as_json: bool) -> None:
    if as_json:
        row: dict[str, object] = {"index": index, "time": entry.time, "kind": entry.kind.value}
        row["header"] = entry.header
        if payload is not None:
            row["payload"] = payload
        print_json(row)
        return
    fields = "  ".join(f"{name}={_brief(value)}" for name, value in entry.header.items())
    typer.echo(f"{index:>8}  {entry.time}  {entry.kind:<11}  {fields}")
    if payload is not None:
        # Control characters of someone else's text must not steer the reader's terminal.
        printable = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in payload)
        typer.echo("          " + printable.replace("\n", "\n          "))


def _brief(value: object) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 48 else f"{text[:45]}..."


@ledger_app.command(name="prove")
def prove_entry(
    log: LogOption,
    index: Annotated[int, typer.Argument(min=0, help="which entry")],
    key: KeyOption,
    output: Annotated[Path | None, typer.Option(help="write the .tlog-proof file here")] = None,
    as_json: JsonOption = False,
) -> None:
    """A proof that an entry is in the signed log, which anyone can check offline."""
    with plain_errors():
        keys = load_verifier_keys(key)
        reader = require_log(log)
        proof = prove(reader, index)
        size = open_checkpoint(proof.checkpoint_note, keys).size
        entry = entry_at(reader, index, size)
        check_proof(entry, proof, keys)
        text = proof.to_bytes().decode()
        if output is not None:
            output.write_text(text)
    if as_json:
        print_json({"index": index, "size": size, "entry": entry.decode(), "proof": text})
    elif output is not None:
        typer.echo(f"证明已写入 / proof of entry {index} of {size:,} written: {output}")
    else:
        typer.echo(text, nl=False)


@keys_app.command()
def init(
    keys: KeysOption,
    origin: Annotated[str, typer.Option(help="name of the log, e.g. court.example/fengcun/p1")],
    recipient: Annotated[
        list[Path], typer.Option(help="a .pub file; two at least, made with `keys recipient`")
    ],
    proxy_id: ProxyOption = "p1",
    as_json: JsonOption = False,
) -> None:
    """Make the signing keys of a proxy host. Never overwrites."""
    with plain_errors():
        made = init_keys(
            keys, origin=origin, proxy_id=proxy_id, recipients=load_recipients(recipient)
        )
    _show_keys(str(made.log.verifier), str(made.entry.verifier), recipient, as_json=as_json)


@keys_app.command()
def recipient(
    name: Annotated[str, typer.Argument(help="who reads with it, e.g. procuratorate")],
    directory: Annotated[Path, typer.Option(help="where to write the two files")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Make a recipient's key pair, on the recipient's own machine. Only the .pub file travels."""
    with plain_errors():
        made, private, public = write_identity(directory, name)
    if as_json:
        print_json({"identity": str(private), "public": str(public), "id": made.recipient.id})
        return
    typer.echo(f"私钥（勿外传） / private, keep it: {private}")
    typer.echo(f"公钥 / public, hand it over:       {public}")


@keys_app.command(name="show")
def show_keys(keys: KeysOption, as_json: JsonOption = False) -> None:
    """Print the public keys of a key directory. Reads no private key."""
    with plain_errors():
        recipients = sorted((keys / "recipients").glob("*.pub"))
        log = load_verifier_keys([keys / "log.vkey"])[0]
        entry = load_verifier_keys([keys / "entry.vkey"])[0]
        _show_keys(str(log), str(entry), recipients, as_json=as_json)


def _show_keys(log: str, entry: str, recipients: list[Path], *, as_json: bool) -> None:
    named = [str(one) for one in load_recipients(recipients)]
    if as_json:
        print_json({"log_key": log, "entry_key": entry, "recipients": named})
        return
    typer.echo(f"检查点公钥 / log key:    {log}")
    typer.echo(f"记录公钥   / entry key:  {entry}")
    for line in named:
        typer.echo(f"收件人     / recipient:  {line}")
