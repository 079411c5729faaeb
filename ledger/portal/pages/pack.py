"""The evidence pack of chosen entries, for download."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Final

from aiohttp import web

from ledger.errors import FormatError, LedgerError
from ledger.portal.context import (
    KEYRING,
    STATE,
    WITNESSES,
    Problem,
    form_of,
    person_of,
    record_look,
    source_of,
)
from ledger.portal.keyring import LOCKED
from ledger.portal.looks import Look
from ledger.portal.pages.entry import PROVEN, proven_log
from ledger.portal.proof.packs import ENTRIES_MAX, chosen, make_pack
from ledger.portal.route import Route
from ledger.portal.words import Words

FOLDER: Final = "packs"
PACKS_AT_ONCE_MAX: Final = 2
_CHUNK_BYTES: Final = 1 << 16
MAKING: Final = web.AppKey("making", asyncio.Semaphore)
_NO_NUMBERS: Final = Words(
    f"记录号不正确：请写 7 或者 12-40，一次不超过 {ENTRIES_MAX:,} 条。",
    f"These are no entries: write 7, or 12-40, and no more than {ENTRIES_MAX:,} at once.",
)
_NOT_AS_SIGNED: Final = Words(
    "所选记录或者见证签名不能通过核验，没有导出。请先核验整本账。",
    "What was chosen, or a witness's signature, is not as it was signed: nothing was exported."
    " Verify the log first.",
)


def making(state: Path) -> asyncio.Semaphore:
    """How many are made at once. What a portal that was killed left of others is removed."""
    shutil.rmtree(state / FOLDER, ignore_errors=True)
    return asyncio.Semaphore(PACKS_AT_ONCE_MAX)


async def _pack(request: web.Request) -> web.StreamResponse:
    source, form = source_of(request), form_of(request)
    try:
        indices = chosen(form.get("entries", ""))
    except FormatError:
        raise Problem(400, _NO_NUMBERS) from None
    identity = None
    if form.get("plain"):
        identity = request.app[KEYRING].of(person_of(request).sitting)
        if identity is None:
            raise Problem(409, LOCKED)
    async with request.app[MAKING]:
        log = await asyncio.to_thread(proven_log, request.app[PROVEN], source, max(indices))
        await record_look(
            request, Look.EXPORT, log=source, entries=indices, plain=identity is not None
        )
        try:
            file, manifest_sha256 = await asyncio.to_thread(
                make_pack, log, indices, request.app[STATE] / FOLDER,
                witnesses=request.app[WITNESSES].get(source.name, ()), identity=identity,
                made_seconds=int(time.time()),
            )  # fmt: skip
        except (OSError, LedgerError):
            raise Problem(502, _NOT_AS_SIGNED) from None
    name = f"fengcun-evidence-{indices[0]}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.zip"
    with file:
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/zip",
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Manifest-SHA-256": manifest_sha256,
            }
        )
        await response.prepare(request)
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            await response.write(chunk)
        await response.write_eof()
    return response


ROUTES: Final = (Route("POST", "/logs/{log}/pack", _pack),)
