"""fengcun.toml: closed, documented key by key, and read as written."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from proxy.errors import ConfigurationError
from proxy.settings.problems import ConfigurationProblems
from proxy.settings.service import Ledger, Settings, Tls, Upstream, Witness, load_settings
from proxy.settings.shipped import shipped_file

MINIMAL = """\
[upstream]
host = "db"
sslmode = "disable"
databases = ["agency"]
catalogue_user = "reader"
[ledger]
directory = "log"
keys = "/etc/keys"
origin = "ledger.example/agency"
[policy]
file = "policy.toml"
"""


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str) -> Path:
        file = tmp_path / "fengcun.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return written


def sections(
    model: type[BaseModel] = Settings, above: str = ""
) -> list[tuple[str, str, type[BaseModel]]]:
    """Table, key and section of everything that can be written."""
    out = []
    for name, field in model.model_fields.items():
        choices = [field.annotation, *getattr(field.annotation, "__args__", ())]
        tables = [c for c in choices if isinstance(c, type) and issubclass(c, BaseModel)]
        for section in tables:
            out += sections(section, f"{above}{name}.")
        if not tables:
            out.append((above.rstrip("."), name, model))
    return out


def test_tables_in_tables_are_looked_at_too():
    assert ("ledger.witness", "url", Witness) in sections()
    assert ("ledger", "keys", Ledger) in sections()
    assert {table for table, _, _ in sections()} == {*Settings.model_fields, "ledger.witness"}


def test_relative_paths_start_beside_the_file(write, tmp_path):
    settings = load_settings(write(MINIMAL))
    assert settings.ledger.directory == tmp_path / "log"
    assert settings.ledger.keys == Path("/etc/keys")
    assert settings.ledger.socket_path == tmp_path / "log" / "notary.sock"
    assert settings.policy.file == tmp_path / "policy.toml"


def test_what_is_optional_is_off_or_has_its_default(write):
    settings = load_settings(write(MINIMAL))
    assert settings.tls is None
    assert settings.metrics is None
    assert settings.listen.port == 6432
    assert settings.upstream.catalogue_password() is None


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('"agency"]', '"agency"]\nport = "5432"'),
        ('"agency"]', '"agency"]\nport = true'),
        ('"agency"]', '"agency"]\nport = 0'),
        ('"agency"]', '"agency"]\nconnect_timeout_ms = -1'),
        ('"disable"', '"prefer"'),
        ('"disable"', '"verify-full"'),
        ('sslmode = "disable"', ""),
        ('"disable"', '"require"\ncrl_file = "c"'),
        ('"disable"', '"disable"\ncertificate_file = "c"\nkey_file = "k"'),
        ('"disable"', '"require"\ncertificate_file = "c"'),
        ('"db"', '""'),
        ("ledger.example/agency", "two words"),
        ("ledger.example/agency", "a+b"),
        ('"log"', f'"{"x" * 120}"'),
    ],
    ids=[
        *("text for a number", "truth for a number", "port 0", "negative", "weak tls"),
        *("no authority", "undecided", "crl of nobody", "shown in clear", "no key"),
        *("empty", "space in origin", "plus in origin", "socket path too long"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(write, written, instead):
    assert written in MINIMAL
    with pytest.raises(ConfigurationProblems):
        load_settings(write(MINIMAL.replace(written, instead, 1)))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("/run/postgresql", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.example", False),
        ("0.0.0.0", False),
        ("127.1", False),
    ],
)
def test_what_leaves_the_machine_is_not_sent_in_clear_by_default(host, local):
    table = {"host": host, "databases": ["agency"], "catalogue_user": "reader"}
    if local:
        assert Upstream.model_validate(table).encryption == "disable"
    else:
        with pytest.raises(ValidationError, match="sslmode is missing"):
            Upstream.model_validate(table)
    verified = {**table, "sslmode": "verify-full", "ca_file": "ca.pem"}
    assert Upstream.model_validate(verified).encryption == "verify-full"


@pytest.mark.parametrize(
    "more",
    [
        {"client_certificates": "required", "client_ca_file": "ca"},
        {"client_certificates": "optional"},
        {"client_ca_file": "ca"},
        {"client_crl_file": "crl"},
        {"minimum_version": "1.1"},
        {"client_certificates": "maybe", "client_ca_file": "ca"},
    ],
    ids=["in clear all the same", "by nobody", "unasked", "crl unasked", "old", "maybe"],
)
def test_a_way_to_encrypt_that_cannot_be_meant_is_refused(more):
    with pytest.raises(ValidationError):
        Tls.model_validate({"certificate_file": "c", "key_file": "k", **more})


@pytest.mark.parametrize(
    "more",
    [
        {"required": True},
        {"url": "http://w.example", "ca_file": "ca.pem"},
        {"ca_file": "ca.pem"},
        {"url": "w.example"},
        {"url": "ftp://w.example"},
        {"url": "https://"},
        {"url": "https://w.example/ x"},
        {"url": "https://w.example", "interval_ms": 0},
    ],
    ids=["by hand", "ca in clear", "ca of nobody", "no scheme", "ftp", "no host", "space", "0"],
)
def test_a_witness_that_cannot_be_meant_is_refused(more):
    with pytest.raises(ValidationError):
        Witness.model_validate({"key_file": "w.vkey", **more})


def test_a_witness_is_optional_and_its_files_start_beside_the_file(write, tmp_path):
    assert load_settings(write(MINIMAL)).ledger.witness is None
    table = '[ledger.witness]\nkey_file = "w.vkey"\nurl = "https://w.example/a"\nca_file = "ca"\n'
    witness = load_settings(write(MINIMAL + table)).ledger.witness
    assert (witness.key_file, witness.ca_file) == (tmp_path / "w.vkey", tmp_path / "ca")
    assert (witness.required, witness.interval_ms) == (False, 5_000)


@pytest.mark.parametrize("written", ["0", "65", "-1", "2.0", "true", '"2"', '"all"'])
def test_a_number_of_workers_that_cannot_be_meant_is_refused(write, written):
    with pytest.raises(ConfigurationProblems, match=r"listen\.workers"):
        load_settings(write(MINIMAL + f"[listen]\nworkers = {written}\n"))


def test_as_many_workers_as_there_are_processors_that_may_be_used(write, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 2, 5})
    written = write(MINIMAL + '[listen]\nworkers = "auto"\n')
    assert load_settings(written).listen.workers == 3
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(256)))
    assert load_settings(written).listen.workers == 64
    assert load_settings(write(MINIMAL)).listen.workers == 1


def test_settings_cannot_be_changed(write):
    settings = load_settings(write(MINIMAL))
    with pytest.raises(ValidationError):
        settings.listen.port = 1


def test_the_password_is_the_first_line_of_its_file(write, tmp_path):
    named = MINIMAL.replace('"reader"', '"reader"\ncatalogue_password_file = "pw"')
    settings = load_settings(write(named))
    with pytest.raises(ConfigurationError, match="catalogue_password_file"):
        settings.upstream.catalogue_password()
    (tmp_path / "pw").write_text("synthetic \nsecond\n", encoding="utf-8")
    assert settings.upstream.catalogue_password() == "synthetic "


def test_a_scan_has_one_schedule_and_a_password_of_its_own(write, tmp_path):
    table = '\n[scan]\nuser = "s"\npassword_file = "pw"\n'
    scan = load_settings(write(MINIMAL + table)).scan
    assert scan is not None
    with pytest.raises(ConfigurationError, match=r"scan\.password_file"):
        scan.password()
    (tmp_path / "pw").write_text("synthetic\n", encoding="utf-8")
    assert scan.password() == "synthetic"
    for wrong in ('at = "03:00"\nevery_hours = 1', 'at = "24:00"', "every_hours = 0"):
        with pytest.raises(ConfigurationProblems):
            load_settings(write(MINIMAL + table + wrong + "\n"))


def test_the_notarys_socket_can_be_put_elsewhere():
    ledger = Ledger(
        directory=Path("/l"), keys=Path("/k"), origin="o", socket=Path("/run/notary.sock")
    )
    assert ledger.socket_path == Path("/run/notary.sock")


def test_the_shipped_example_is_valid():
    assert load_settings(shipped_file("fengcun.toml")).policy.file.name == "policy.toml"


@pytest.mark.parametrize(("table", "key", "section"), sections(), ids=lambda value: str(value))
def test_every_key_is_in_the_shipped_example_and_explained(table, key, section):
    text = shipped_file("fengcun.toml").read_text(encoding="utf-8")
    under = text.replace("\n# [", "\n[").split(f"\n[{table}]")[1].split("\n[")[0]
    assert any(line.removeprefix("# ").startswith(f"{key} = ") for line in under.splitlines())
    assert section.model_fields[key].description


@pytest.mark.parametrize(("table", "key", "section"), sections(), ids=lambda value: str(value))
def test_a_default_in_the_example_is_the_default(table, key, section):
    text = shipped_file("fengcun.toml").read_text(encoding="utf-8")
    under = text.replace("\n# [", "\n[").split(f"\n[{table}]")[1].split("\n[")[0]
    default = section.model_fields[key].default
    if isinstance(default, int):
        shown = [line for line in under.splitlines() if line.lstrip("# ").startswith(f"{key} =")]
        assert shown[0].split("=")[1].split("#")[0].strip() == str(default).lower()
