"""The files of an evidence pack, a folder or a zip file, read as what a stranger may have made.

Part of a script that runs without Fengcun: see `pack_formats`.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ledger.evidence.pack_formats import Wrong, strict_json

MANIFEST = "manifest.json"
SMALL_BYTES_MAX = 64 << 20
LINE_BYTES_MAX = 4 << 20
CHUNK_BYTES = 1 << 20
NAME = re.compile(
    r"checkpoint|report\.html|report\.txt|verify\.py|since\.(checkpoint|consistency)"
    r"|cosigned/[0-9a-f]{8}\.(checkpoint|consistency)|keys/(log|witness)\.vkey"
    r"|(entries|payloads|opened)/[0-9]{12}\.jsonl",
    re.ASCII,
)


class Files:
    """By name, in chunks or lines of bounded length. No name leads out of the pack."""

    def __init__(self, path: Path) -> None:
        """Raises `Wrong` for what is no pack, `OSError` for what cannot be read."""
        self._folder = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            found = [each for each in path.rglob("*") if each.is_symlink() or not each.is_dir()]
            self.names = {each.relative_to(path).as_posix() for each in found}
            if any(each.is_symlink() or not each.is_file() for each in found):
                # A pipe would be waited for, a link lead out of the pack.
                raise Wrong(
                    "证据包中有符号链接或非普通文件",
                    "there is a symbolic link or a device in the pack",
                )
            return
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise Wrong("不是证据包", "neither a folder nor a zip file") from error
        listed = self._zip.namelist()
        self.names = set(listed)
        if len(listed) != len(self.names):
            raise Wrong("压缩包中有重名文件", "a name stands twice in the zip file")

    def open(self, name: str) -> BinaryIO:
        if name not in self.names:
            raise Wrong(f"缺少文件 {name}", f"the file {name} is missing")
        if self._zip is not None:
            return self._zip.open(name)  # type: ignore[return-value]
        return (self._folder / name).open("rb")

    def small(self, name: str) -> bytes:
        with self.open(name) as file:
            data = file.read(SMALL_BYTES_MAX + 1)
        if len(data) > SMALL_BYTES_MAX:
            raise Wrong(f"{name} 过大", f"{name} is too large")
        return data

    def lines(self, name: str) -> Iterator[dict[str, object]]:
        """The JSON objects of a .jsonl file; none where the file is not there."""
        if name not in self.names:
            return
        with self.open(name) as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                if not line.endswith(b"\n"):
                    raise Wrong(f"{name} 中的行不完整", f"{name} has a cut or overlong line")
                yield strict_json(line[:-1])

    def digest(self, name: str, bytes_max: int) -> tuple[str, int]:
        """SHA-256 and length; stops where it is longer than it may be."""
        digest, length = hashlib.sha256(), 0
        with self.open(name) as file:
            while length <= bytes_max and (chunk := file.read(CHUNK_BYTES)):
                digest.update(chunk)
                length += len(chunk)
        return digest.hexdigest(), length
