"""A signer outside of this project: OpenSSL's command line, with an SM2 key of its own."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.countersignature import CountersignerKey

NAME = "agency.example/sm2"
OPTIONS = "-rawin -digest sm3 -pkeyopt distid:1234567812345678"


def sm2_signer(directory: Path) -> tuple[CountersignerKey, str]:
    """Its public key and the command that signs."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here, which makes SM2 keys and signatures")
    private, public = directory / "sm2.pem", directory / "sm2.pub"
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"]
    subprocess.run([*make, "-out", str(private)], check=True, capture_output=True)
    publish = ["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)]
    subprocess.run(publish, check=True, capture_output=True)
    key = CountersignerKey.from_pem(NAME, public.read_text())
    return key, f"openssl pkeyutl -sign {OPTIONS} -inkey {shlex.quote(str(private))}"


def python_signer(code: str) -> str:
    """A command that does what the code says."""
    return shlex.join([sys.executable, "-c", code])
