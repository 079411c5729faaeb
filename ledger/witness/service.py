"""The witness over HTTP (C2SP tlog-witness v1.0.0).

POST /add-checkpoint                            200 cosignature lines; 400, 403, 404, 409, 422
GET  /<hex SHA-256 of the origin>/checkpoint    the last cosigned checkpoint
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from aiohttp import web

from ledger.errors import LedgerError
from ledger.submission import SUBMISSION_BYTES_MAX
from ledger.witness.rules import BEHIND, Refused
from ledger.witness.witness import Witness

_log = logging.getLogger(__name__)
_DIGEST: Final = "[0-9a-f]{64}"
_SIZE_TYPE: Final = "text/x.tlog.size"


def application(witness: Witness) -> web.Application:
    """All routes. Whoever may reach them may submit: a submission proves itself."""

    async def add_checkpoint(request: web.Request) -> web.Response:
        data = await request.read()
        try:
            signature = await asyncio.to_thread(witness.cosign, data)
        except Refused as refused:
            _log.warning("a checkpoint was not cosigned", extra={"status": refused.status})
            if refused.status == BEHIND:
                text = f"{refused.seen_size}\n"
                return web.Response(status=BEHIND, text=text, content_type=_SIZE_TYPE)
            return web.Response(status=refused.status, text=f"{refused}\n")
        except (LedgerError, OSError):
            _log.critical("the witness's memory failed it: nothing is cosigned", exc_info=True)
            return web.Response(status=500, text="the witness cannot remember what it has seen\n")
        return web.Response(body=signature.to_line(), content_type="text/plain", charset="utf-8")

    async def checkpoint(request: web.Request) -> web.Response:
        note = await asyncio.to_thread(witness.state.note_of, request.match_info["digest"])
        if note is None:
            raise web.HTTPNotFound
        return web.Response(body=note, content_type="text/plain", charset="utf-8")

    app = web.Application(client_max_size=SUBMISSION_BYTES_MAX)
    app.router.add_post("/add-checkpoint", add_checkpoint)
    app.router.add_get(f"/{{digest:{_DIGEST}}}/checkpoint", checkpoint)
    return app
