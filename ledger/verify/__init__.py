"""Verify a log by recomputing all of it from its entries. Needs a public key and nothing secret.

Imports nothing beyond the standard library and `cryptography`. A verified root alone would say
little: every entry, link, signature, tile, payload digest and the write-ahead tail is looked at,
and the first entry that is not as it was signed is named.

    report      what can be wrong, and what a verified log holds
    entries     entries that follow each other: the judgement itself, one by one
    bundles     a bundle with its tile and payloads, from files; a run of bundles is a worker's task
    processes   runs of bundles judged side by side, handed back in order
    whole       what joins the bundles: links, epochs, upper tiles, roots, the write-ahead tail
"""

from __future__ import annotations

from ledger.verify.entries import FORMAT
from ledger.verify.report import Fault, LogInvalid, Report
from ledger.verify.whole import verify_log

__all__ = ["FORMAT", "Fault", "LogInvalid", "Report", "verify_log"]
