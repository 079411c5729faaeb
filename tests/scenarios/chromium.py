"""A browser without a window, spoken to over the DevTools protocol. Nothing but aiohttp and the
program itself is needed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
# Without a graphics card a page is drawn by the processor, which others may be busy with.
_ANSWERS_AFTER_MAX_S = 180.0
_LOOK_AGAIN_S = 0.05
_KEPT = Path(os.environ["FENGCUN_PICTURES"]) if "FENGCUN_PICTURES" in os.environ else None
# As root it has no sandbox, and containers have next to no shared memory: it takes files then.
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-breakpad", "--no-first-run", "--disable-background-networking",
    "--hide-scrollbars", "--window-size=1200,1400", "--remote-debugging-port=0",
)  # fmt: skip


class Page:
    """One tab. What is typed goes through the browser's own input, not into the page's values."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: object) -> Any:
        """One command, and what it gives."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_ANSWERS_AFTER_MAX_S):
            while True:
                message = json.loads(await self._socket.receive_str())
                if message.get("id") == number:
                    assert "error" not in message, message
                    return message["result"]

    async def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Return when it is true in whatever page is there then."""
        async with asyncio.timeout(_ANSWERS_AFTER_MAX_S):
            while not await self._is_true(expression):
                await asyncio.sleep(_LOOK_AGAIN_S)

    async def _is_true(self, expression: str) -> bool:
        try:
            return bool(await self.value(expression))
        except AssertionError:  # The page was on its way out.
            return False

    async def go(self, url: str, shows: str) -> None:
        """Open a page, and wait for something to be in it."""
        await self.call("Page.navigate", url=url)
        await self.until(f"document.querySelector({json.dumps(shows)}) !== null")

    async def fill(self, field: str, text: str) -> None:
        """Type into a field, or choose of one."""
        place = f"document.getElementById({json.dumps(field)})"
        if await self.value(f"{place}.tagName") == "SELECT":
            await self.value(f"{place}.value = {json.dumps(text)}")
            return
        await self.value(f"{place}.focus(), {place}.select()")
        await self.call("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """A key by its name: Enter or Tab."""
        code, text = {"Enter": (13, "\r"), "Tab": (9, "\t")}[key]
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if kind == "keyDown" else {}
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key,
                windowsVirtualKeyCode=code, **extra,
            )  # fmt: skip

    async def picture(self, file: Path) -> None:
        """The whole page as PNG, once it is there; kept where FENGCUN_PICTURES says, too."""
        await self.until("document.readyState === 'complete'")
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(found["data"]))
        if _KEPT:
            _KEPT.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, _KEPT / f"{file.parent.name}-{file.name}")


@asynccontextmanager
async def browsing(home: Path, arguments: Sequence[str] = ()) -> AsyncIterator[Page]:
    """One tab of a browser with a profile of its own, and nothing left at the end."""
    profile = home / "chromium"
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *_OPTIONS, f"--user-data-dir={profile}", *arguments, "about:blank",
        env={**os.environ, "HOME": str(home)}, start_new_session=True,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = await _port(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            url = await _first_tab(session, port)
            async with session.ws_connect(url, max_msg_size=64 << 20) as socket:
                yield Page(socket)
    finally:
        # The browser is a family of processes, of which a lone one would go on writing.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(_ANSWERS_AFTER_MAX_S):
        while not (file.exists() and "\n" in file.read_text()):
            assert process.returncode is None, "the browser ended"
            await asyncio.sleep(_LOOK_AGAIN_S)
    return int(file.read_text().split()[0])


async def _first_tab(session: aiohttp.ClientSession, port: int) -> str:
    """Where it is spoken to. It is listed a moment after the browser listens."""
    async with asyncio.timeout(_ANSWERS_AFTER_MAX_S):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as listed:
                tabs = [tab for tab in await listed.json() if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(_LOOK_AGAIN_S)
