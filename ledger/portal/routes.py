"""All pages of the portal, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.portal.pages import (
    description,
    entries,
    entry,
    findings,
    leads,
    live,
    looks,
    opinions,
    overview,
    pack,
    sign_in,
    static,
    statistics,
    unlock,
    verification,
)
from ledger.portal.route import Route

ROUTES: Final[Sequence[Route]] = (
    *static.ROUTES,
    *sign_in.ROUTES,
    *description.ROUTES,
    *overview.ROUTES,
    *verification.ROUTES,
    *entry.ROUTES,
    *pack.ROUTES,
    *entries.ROUTES,
    *findings.ROUTES,
    *leads.ROUTES,
    *opinions.ROUTES,
    *statistics.ROUTES,
    *live.ROUTES,
    *looks.ROUTES,
    *unlock.ROUTES,
)
"""Each has its row in `access.TABLE`, or the portal does not start."""
