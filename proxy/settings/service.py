"""fengcun.toml: how the service listens, whom it serves, where it records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from proxy.errors import ConfigurationError
from proxy.settings.certificate import Certificate
from proxy.settings.desk import Desk
from proxy.settings.problems import read_document, validated
from proxy.settings.section import Count, FilePath, Port, Section, Text, stays_here

_SOCKET_PATH_BYTES_MAX = 107
"""sockaddr_un.sun_path on Linux, less its final NUL (unix(7))."""
_WORKERS_MAX = 64
_AUTO = "auto"


def _processors_for_auto(value: object) -> object:
    """One worker for each processor that this process may use."""
    return min(len(os.sched_getaffinity(0)), _WORKERS_MAX) if value == _AUTO else value


Milliseconds = Annotated[int, Field(strict=True, ge=1, le=3_600_000)]
OrNever = Annotated[int, Field(strict=True, ge=0, le=7 * 86_400_000)]
Workers = Annotated[
    int,
    Field(strict=True, ge=1, le=_WORKERS_MAX),
    BeforeValidator(_processors_for_auto),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": _WORKERS_MAX}, {"const": _AUTO}]}
    ),
]
SslMode = Literal["disable", "require", "verify-full"]


class Listen(Section):
    """Where applications connect."""

    host: Text = "127.0.0.1"
    """Address to listen on."""
    port: Port = 6432
    """Port to listen on."""
    workers: Workers = 1
    """Processes that serve clients, all on this port; "auto" is one for each processor."""


class Upstream(Section):
    """The database behind the proxy."""

    host: Text
    """The database server: a name, an address, or the directory of its Unix socket."""
    port: Port = 5432
    """The database server's port."""
    databases: Annotated[tuple[Text, ...], Field(min_length=1)]
    """The databases clients may ask for. Any other name is refused."""
    sslmode: SslMode | None = None
    """TLS to the database, as libpq names it. Has to be written for another machine's database."""
    ca_file: FilePath | None = None
    """PEM certificates that may have signed the server's; needed for verify-full."""
    crl_file: FilePath | None = None
    """PEM revocation lists, one of each authority: without one nothing of it is trusted."""
    certificate_file: FilePath | None = None
    """PEM certificate chain that the proxy shows the database, where it asks for one."""
    key_file: FilePath | None = None
    """The private key for `certificate_file`."""
    catalogue_user: Text
    """The login that reads system catalogues. It needs no privilege on any table."""
    catalogue_password_file: FilePath | None = None
    """A file with that login's password on its first line; absent where none is asked for."""
    connect_timeout_ms: Milliseconds = 5_000
    """How long a connection to the database may take to open."""
    catalogue_refresh_ms: Milliseconds = 5_000
    """How often the catalogues are looked at for changes."""

    @model_validator(mode="after")
    def _encryption_is_decided(self) -> Upstream:
        if self.sslmode is None and not stays_here(self.host):
            raise ValueError(
                "sslmode is missing, and host is another machine: write sslmode"
                ' = "verify-full" with ca_file (or "disable", for all on the way to read)'
            )
        if self.encryption == "verify-full" and self.ca_file is None:
            raise ValueError('sslmode = "verify-full" needs ca_file')
        if self.crl_file is not None and self.encryption != "verify-full":
            raise ValueError('crl_file needs sslmode = "verify-full": nothing else is looked up')
        if (self.certificate_file is None) is not (self.key_file is None):
            raise ValueError("certificate_file and key_file go together")
        if self.certificate_file is not None and self.encryption == "disable":
            raise ValueError("certificate_file is shown over TLS only; set sslmode")
        return self

    @property
    def encryption(self) -> SslMode:
        """`sslmode`, or what stands for it where nothing leaves this machine."""
        return self.sslmode or "disable"

    def catalogue_password(self) -> str | None:
        """The password in `catalogue_password_file`. Raises `ConfigurationError`."""
        return _password(self.catalogue_password_file, "upstream.catalogue_password_file")


def _password(file: Path | None, key: str) -> str | None:
    """A file's first line; None without a file."""
    if file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{key}: cannot read {file}") from None
    return lines[0] if lines else ""


class Tls(Section):
    """What the proxy shows to clients that ask for TLS. Without this table TLS is declined."""

    certificate_file: FilePath
    """PEM certificate chain, the server's own first."""
    key_file: FilePath
    """PEM private key, readable by the service alone."""
    required: bool = False
    """Refuse clients that do not encrypt, before they are asked for a password."""
    minimum_version: Literal["1.2", "1.3"] = "1.2"
    """The oldest version of TLS that is spoken."""
    client_certificates: Literal["no", "optional", "required"] = "no"
    """Whether clients are asked for a certificate of their own, and whether they must have one."""
    client_ca_file: FilePath | None = None
    """PEM certificates that may have signed the clients'. Each can name anybody."""
    client_crl_file: FilePath | None = None
    """PEM revocation lists, one of each authority: without one nothing of it is trusted."""

    @model_validator(mode="after")
    def _certificates_are_asked_for_by_somebody(self) -> Tls:
        asked = self.client_certificates != "no"
        if asked is not (self.client_ca_file is not None):
            raise ValueError("client_certificates and client_ca_file go together")
        if self.client_crl_file is not None and not asked:
            raise ValueError("client_crl_file needs client_certificates")
        if self.client_certificates == "required" and not self.required:
            raise ValueError(
                'client_certificates = "required" needs required = true:'
                " who does not encrypt shows no certificate"
            )
        return self


class Login(Section):
    """Who checks passwords."""

    auth: Literal["relay", "scram"] = "relay"
    """Whether the database asks the client itself, or the proxy does by SCRAM-SHA-256."""
    verifier_query: Text | None = None
    """For scram: SQL that gives the verifier of the user $1, run as the catalogue user."""
    verifier_file: FilePath | None = None
    """For scram, instead: a file with a line `user:SCRAM-SHA-256$...` for each user."""

    @model_validator(mode="after")
    def _verifiers_come_from_somewhere(self) -> Login:
        sources = (self.verifier_query is not None) + (self.verifier_file is not None)
        if sources != (self.auth == "scram"):
            raise ValueError('auth = "scram" goes with one of verifier_query and verifier_file')
        return self


class Witness(Section):
    """Who remembers how far the log was, on another machine: makes rollback and fork show."""

    key_file: FilePath
    """The witness's public key, witness.vkey, got by a way that is trusted."""
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+\S*$")] | None = None
    """Its submission prefix; absent where submissions are carried by hand."""
    ca_file: FilePath | None = None
    """PEM certificates that may have signed its certificate; the system's by default."""
    interval_ms: Milliseconds = 5_000
    """How often what was published is taken there."""
    required: bool = False
    """Release nothing before the witness has cosigned its record, and do not start without it."""

    @model_validator(mode="after")
    def _witness_can_be_asked(self) -> Witness:
        if self.required and self.url is None:
            raise ValueError("required = true needs url: what is carried by hand comes too late")
        if self.ca_file is not None and not (self.url or "").startswith("https://"):
            raise ValueError("ca_file needs an url that begins with https://")
        return self


class Ledger(Section):
    """Where decisions are recorded."""

    directory: FilePath
    """The log directory, made by `fengcun ledger create`."""
    keys: FilePath
    """The directory of the log's keys, made by `fengcun keys init`."""
    origin: Annotated[str, StringConstraints(pattern=r"^[^\s+]+$", max_length=200)]
    """The log's name in every checkpoint: a URL without its scheme, never reused."""
    proxy_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")] = "p1"
    """This proxy's name in the log."""
    socket: FilePath | None = None
    """The notary's Unix socket; by default `notary.sock` in `directory`."""
    head_file: FilePath | None = None
    """Where the log's last checkpoint is remembered, by default `<directory>.head`: an older copy
    of the log does not start. Best on another disk than the log, and in no backup."""
    stall_timeout_ms: Milliseconds = 10_000
    """How long an entry may wait to become durable, and cosigned where a witness is required;
    after that the service stops."""
    force_filesystem: bool = False
    """Accept a file system that may not keep a sync (tmpfs, overlay, NFS). For trials only."""
    witness: Witness | None = None
    """Who watches that the log only grows. Without this table nobody is asked."""

    @property
    def socket_path(self) -> Path:
        """Where the notary listens."""
        return self.socket if self.socket is not None else self.directory / "notary.sock"

    @model_validator(mode="after")
    def _socket_path_fits(self) -> Ledger:
        if len(str(self.socket_path).encode()) > _SOCKET_PATH_BYTES_MAX:
            raise ValueError(
                f"the notary's socket path is longer than {_SOCKET_PATH_BYTES_MAX} bytes;"
                " set ledger.socket to a shorter one"
            )
        return self


class Metrics(Section):
    """Where /metrics and /healthz are served."""

    host: Text = "127.0.0.1"
    """Address to listen on."""
    port: Port = 9432
    """Port to listen on."""


class Limits(Section):
    """What is refused before memory or a parser is given to it."""

    connections_max: Count = 400
    """Client connections at a time, in all workers; the next one is refused with 53300."""
    handshakes_max: Count = 64
    """Clients that log in at a time; each worker has its share, and one address a quarter of it."""
    startup_timeout_ms: Milliseconds = 10_000
    """How long a client may take until it has been let in."""
    idle_timeout_ms: OrNever = 0
    """How long a session may do nothing between transactions; it ends with 57P05. 0: for ever."""
    idle_in_transaction_timeout_ms: OrNever = 0
    """How long it may do nothing inside one; it ends with 25P03. 0: for ever."""
    slow_client_timeout_ms: OrNever = 0
    """How long a client may take nothing of an answer that waits for it. 0: for ever."""
    drain_timeout_ms: Milliseconds = 20_000
    """How long transactions may go on once the service was told to stop."""
    message_bytes_max: Annotated[int, Field(strict=True, ge=1 << 16, le=1 << 30)] = 64 << 20
    """The largest message accepted from a client, parameters included."""
    statement_bytes_max: Annotated[int, Field(strict=True, ge=1 << 10, le=16 << 20)] = 1 << 20
    """The longest text that is judged; a longer one is refused."""
    tokens_max: Count = 20_000
    """Tokens in one text."""
    nesting_max: Annotated[int, Field(strict=True, ge=1, le=1000)] = 200
    """Depth of parentheses and brackets in one text."""
    plans_max: Count = 8192
    """Plans kept in each worker, for each policy and state of the database."""


class Scan(Section):
    """When the findings of the policy are looked for, and by which login."""

    user: Text
    """The login that asks. It reads what the queries name, and needs no other privilege."""
    password_file: FilePath | None = None
    """A file with that login's password on its first line; absent where none is asked for."""
    at: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None
    """The time of day in China, "03:00" by default."""
    every_hours: Annotated[int, Field(strict=True, ge=1, le=168)] | None = None
    """Instead of `at`: hours from one scan to the next."""
    timeout_ms: Milliseconds = 600_000
    """How long one query may take, and one fetch of its rows."""
    memory_file: FilePath | None = None
    """What the last scan found, as keyed digests; by default `<ledger.directory>.findings`."""

    def password(self) -> str | None:
        """The password in `password_file`. Raises `ConfigurationError`."""
        return _password(self.password_file, "scan.password_file")

    @model_validator(mode="after")
    def _one_schedule(self) -> Scan:
        if self.at is not None and self.every_hours is not None:
            raise ValueError("at and every_hours are two schedules: write one of them")
        return self


class PolicyFile(Section):
    """Where the law is."""

    file: FilePath
    """The policy, usually policy.toml."""


class Settings(Section):
    """A whole fengcun.toml."""

    listen: Listen = Listen()
    upstream: Upstream
    tls: Tls | None = None
    login: Login = Login()
    ledger: Ledger
    metrics: Metrics | None = None
    certificate: Certificate | None = None
    desk: Desk | None = None
    limits: Limits = Limits()
    scan: Scan | None = None
    policy: PolicyFile


def load_settings(file: Path) -> Settings:
    """Read fengcun.toml. Raises `ConfigurationProblems` with everything that is wrong."""
    return validated(read_document(file), Settings)
