"""The supervisor's portal of the demo, over the agency's ledger and the made-up month beside it, by
the commands one would type.

That it runs on the agency's machine is the demo's: in earnest it is the procuratorate's, with a
copy of the ledger.
"""

from __future__ import annotations

import base64
import json
import shutil
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from proxy.demo.agency import NAME, RECIPIENTS, Agency, command, environment, fengcun
from proxy.demo.month.history import NAME as MONTH_NAME
from proxy.demo.month.history import Month
from proxy.demo.processes import HOST, Child, free_port

PROSECUTOR: Final = "jiancha"
PORTAL_PASSWORD: Final = "synthetic words"  # noqa: S105 (public, like the rest of the demo)
PASSPHRASE: Final = "synthetic passphrase"  # noqa: S105 (public, like the rest of the demo)
PORTAL_PORT: Final = 8490
ORIGIN: Final = "procuratorate.demo.example/portal"
_START_SECONDS_MAX: Final = 60.0
_DIGITS, _STEP_SECONDS = 6, 30
_LOOK_AGAIN_SECONDS: Final = 0.2


@dataclass(slots=True)
class Portal:
    """``fengcun portal``, listening, with one account; ``secret`` is that of its second factor."""

    child: Child
    url: str
    secret: bytes
    _step: int = -1

    def code(self) -> str:
        """What an authenticator would show now, or next: a code is good once, so none is given
        twice. One step early is taken by the portal; waits where that one was given, too."""
        self._step = max(self._step + 1, int(time.time()) // _STEP_SECONDS)
        while self._step > int(time.time()) // _STEP_SECONDS + 1:
            time.sleep(_LOOK_AGAIN_SECONDS)
        totp = TOTP(self.secret, _DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303
        return totp.generate(self._step * _STEP_SECONDS).decode()


def open_portal(agency: Agency, month: Month) -> Portal:
    """Keys, log and account of its own, and the service over both logs. Raises `CommandFailed`,
    `ChildFailed`."""
    home = agency.home / "portal"
    home.mkdir(mode=0o700)
    state, identity, passphrase = home / "state", home / "identity", home / "passphrase"
    supervisor = agency.home / "supervisor"
    recipients = [
        option for name in RECIPIENTS for option in ("--recipient", supervisor / f"{name}.pub")
    ]
    fengcun(
        *("portal", "create", "--state", state, "--origin", ORIGIN),
        *("--force-filesystem", *recipients),
    )
    added = fengcun(
        *("portal", "account", "add", PROSECUTOR, "--role", "chief", "--state", state, "--json"),
        given=PORTAL_PASSWORD,
    )
    secret = parse_qs(urlsplit(json.loads(added)["otpauth"]).query)["secret"][0]
    shutil.copy(agency.supervisor, identity)
    identity.chmod(0o600)
    passphrase.touch(mode=0o600)
    passphrase.write_text(PASSPHRASE + "\n", encoding="utf-8")
    fengcun("keys", "protect", identity, "--passphrase-file", passphrase)
    place = f"{HOST}:{free_port(PORTAL_PORT)}"
    child = Child(
        "fengcun portal",
        command(
            *("portal", "--log", f"{NAME}={agency.log}", "--key", f"{NAME}={agency.public_key}"),
            *("--log", f"{MONTH_NAME}={month.log}", "--key", f"{MONTH_NAME}={month.public_key}"),
            *("--state", state, "--listen", place, "--identity", identity),
        ),
        log=agency.home / "portal.log",
        environment=environment(),
        directory=agency.home,
    )
    try:
        child.wait_for(f"http://{place}", seconds_max=_START_SECONDS_MAX)
    except BaseException:
        child.stop()
        raise
    return Portal(child, f"http://{place}/", base64.b32decode(secret))
