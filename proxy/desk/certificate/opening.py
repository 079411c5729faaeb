"""A desk for certificates, made of the configuration and a line to the ledger."""

from __future__ import annotations

from proxy.desk.certificate.code import log_tag
from proxy.desk.certificate.desk import CertificateDesk, Terms
from proxy.desk.certificate.gate import ProxyGate, gate_context, own_address
from proxy.desk.certificate.store import Store
from proxy.errors import ConfigurationError
from proxy.record.certificates import CertificateRegister
from proxy.record.line import Ledger
from proxy.settings.certificate import Certificate
from proxy.settings.service import Settings


def configured(settings: Settings) -> Certificate:
    """The section. Raises `ConfigurationError` where there is none."""
    if settings.certificate is None:
        raise ConfigurationError(
            "there is no [certificate] in the configuration: config/fengcun.toml shows one"
        )
    return settings.certificate


def open_certificate_desk(settings: Settings, ledger: Ledger) -> CertificateDesk:
    """Reads its files and makes its directory; blocking. Raises `ConfigurationError`."""
    chosen = configured(settings)
    store = Store(chosen.directory)
    store.prepare()
    gate = _gate(settings, chosen, chosen.query())
    terms = Terms(
        organ=chosen.organ,
        number_word=chosen.number_word,
        valid_days=chosen.valid_days,
        answer_every_seconds=chosen.answer_every_ms / 1000,
        log=log_tag(settings.ledger.origin),
    )
    return CertificateDesk(terms, gate, CertificateRegister(ledger), store)


def open_list_gate(settings: Settings) -> ProxyGate | None:
    """The gate of batch checks, None where no statement is configured for them. Reads its files;
    blocking. Raises `ConfigurationError`."""
    if settings.certificate is None or (query := settings.certificate.batch_query()) is None:
        return None
    return _gate(settings, settings.certificate, query)


def _gate(settings: Settings, chosen: Certificate, query: str) -> ProxyGate:
    required = settings.tls is not None and settings.tls.required
    return ProxyGate(
        host=chosen.host or own_address(settings.listen.host),
        port=settings.listen.port,
        database=chosen.database or settings.upstream.databases[0],
        user=chosen.user,
        password=chosen.password(),
        query=query,
        tls=gate_context(chosen.ca_file, required=required),
    )
