"""Check an evidence pack with Python's standard library and `cryptography`, and nothing else.

    python3 -I verify.py [PACK] --key log.vkey [--witness witness.vkey]

PACK is the folder or .zip file; without it, the folder this file lies in. Give the public key that
you were handed, not the one in the pack: a pack can prove no more than the key it is held against.
This copy came with the pack, too; one you trust comes with Fengcun: `fengcun ledger verify --pack`.

Exit 0: all is as it was signed. 1: something is not. 2: wrong usage. 3: all is right, but held
only against the key inside the pack.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ledger.evidence.pack_check import Result, check_pack
from ledger.evidence.pack_files import Files
from ledger.evidence.pack_formats import Key, Wrong, parse_keys


def _range(pair: tuple[int, int]) -> str:
    return f"{pair[0]}" if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"


def told(result: Result, *, own_key: bool) -> list[str]:
    """The result as people read it; `own_key` if nobody said which key it must be."""
    if result.faults:
        lines = ["证据包有误 / THE PACK IS NOT AS IT WAS SIGNED"]
        for fault in result.faults:
            where = (
                "" if fault.index is None else f"第 {fault.index} 号记录 / entry {fault.index}: "
            )
            lines.append(f"  {where}{fault}")
        return lines
    assert result.checkpoint is not None
    origin, size, _ = result.checkpoint
    count = sum(last - first + 1 for first, last in result.ranges)
    lines = [
        f"证据包完整 / pack intact: {count:,} entries of {size:,}",
        f"日志 / log         {origin}",
        "记录 / entries     " + ", ".join(map(_range, result.ranges[:20])),
        f"佐证 / context     {result.context_count:,} (genesis and key entries)",
        f"密文 / payloads    {result.here_count:,} here, {result.absent_count:,} not in this pack",
        f"清单 / manifest    SHA-256 {result.manifest_sha256}",
    ]
    if result.since_size is not None:
        lines.append(f"衔接 / continues   the log of {result.since_size:,} entries seen before")
    for name, cosigned_size, seconds in result.witnesses:
        lines.append(f"见证 / witness     {name}: {cosigned_size:,} entries, Unix time {seconds}")
    for name in result.unknown_cosigners:
        lines.append(f"未核对 / not checked: cosigned by {name!r}, whose key was not given")
    if result.opened_count:
        lines.append(
            f"未核对 / not checked: {result.opened_count:,} 份明文只有收件人能核对 / plain texts "
            "are the exporter's word; only a recipient's key can open the ciphertexts again"
        )
    if own_key:
        lines.append(
            "注意：只用了包内公钥，请与您手中的公钥核对 / BEWARE: held only against the key inside "
            "the pack; compare it with the one you were given, or pass that with --key"
        )
    return lines


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Check an evidence pack of Fengcun.")
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", action="append", type=Path, default=[], help="log.vkey")
    parser.add_argument("--witness", action="append", type=Path, default=[], help="witness.vkey")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    try:
        keys = _keys(options.key) or _keys_inside(options.pack, "keys/log.vkey")
        witnesses = _keys(options.witness) or _keys_inside(options.pack, "keys/witness.vkey")
        result = check_pack(options.pack, keys, witnesses, _show_progress)
    except (OSError, ValueError, Wrong) as error:
        sys.stderr.write(f"verify: {error}\n")
        return 2
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    own_key = not options.key
    if options.json:
        sys.stdout.write(json.dumps(as_json(result, own_key=own_key), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(told(result, own_key=own_key)) + "\n")
    return 1 if result.faults else 3 if own_key else 0


def as_json(result: Result, *, own_key: bool) -> dict[str, object]:
    return {
        "intact": not result.faults,
        "key_given": not own_key,
        "faults": [{"index": fault.index, "detail": str(fault)} for fault in result.faults],
        "size": None if result.checkpoint is None else result.checkpoint.size,
        "selected": result.ranges,
        "payloads_here_count": result.here_count,
        "payloads_absent_count": result.absent_count,
        "witnesses": [list(each) for each in result.witnesses],
        "manifest_sha256": result.manifest_sha256,
    }


def _keys(paths: list[Path]) -> list[Key]:
    return [key for path in paths for key in parse_keys(path.read_text("utf-8"))]


def _keys_inside(pack: Path, name: str) -> list[Key]:
    files = Files(pack)
    return parse_keys(files.small(name).decode()) if name in files.names else []


def _show_progress(index: int) -> None:
    if index % 1000 == 0 and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K正在核验 / verifying  {index:,}")
        sys.stderr.flush()


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A console without Chinese is no reason to give no answer.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1:]))
