"""Where the portal listens, and who is told apart by a certificate."""

import ssl
import subprocess
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from ledger.errors import ConfigurationError
from ledger.portal.certificates import fingerprint_in
from ledger.portal.listening import listening, tls_context
from tests.unit.ledger.portal.house import LIN, Browser, house
from tests.world import free_port


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A server's certificate, an authority for people, and three certificates of people."""
    folder = tmp_path_factory.mktemp("pki")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("server", "ca", "foreign-ca"):
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2",
            "-addext", "subjectAltName=IP:127.0.0.1",
        )  # fmt: skip
    for name, ca in (("lin", "ca"), ("qin", "ca"), ("evil", "foreign-ca")):
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=lin",
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
            "-out", f"{name}.pem", "-days", "2", "-set_serial", "2",
        )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("127.0.0.1:8490", "127.0.0.1", 8490), ("[::1]:1", "::1", 1), ("127.9.9.9:65535", "127.9.9.9",
                                                                  65535)],
)  # fmt: skip
def test_without_tls_it_listens_to_this_machine(address, host, port):
    place = listening(address, None, None, None)
    assert (place.host, place.port, place.secure) == (host, port, False)
    assert place.url == f"http://{address}"


@pytest.mark.parametrize(
    ("address", "match"),
    [("0.0.0.0:8490", "reached by others"), ("[::]:8490", "reached by others"),
     ("10.0.0.1:8490", "reached by others"), ("localhost:8490", "reached by others"),
     ("portal.example:443", "reached by others"), ("8490", "address and a port"),
     ("127.0.0.1:", "address and a port"), (":8490", "address and a port"),
     ("127.0.0.1:65536", "address and a port"), ("127.0.0.1:٨", "address and a port")],
)  # fmt: skip
def test_what_others_can_reach_needs_tls(address, match):
    with pytest.raises(ConfigurationError, match=match):
        listening(address, None, None, None)


def test_half_of_tls_is_none(pki):
    certificate, key, ca = pki / "server.pem", pki / "server.key", pki / "ca.pem"
    for half in ((certificate, None, None), (None, key, None), (None, None, ca)):
        with pytest.raises(ConfigurationError):
            listening("127.0.0.1:1", *half)
    with pytest.raises(ConfigurationError, match="cannot use"):
        tls_context(listening("0.0.0.0:1", certificate, ca, None))
    assert listening("0.0.0.0:1", certificate, key, None).secure


def test_the_fingerprint_of_a_file_is_what_openssl_says(pki):
    said = subprocess.run(
        ["openssl", "x509", "-in", "lin.pem", "-noout", "-fingerprint", "-sha256"], cwd=pki,
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert fingerprint_in(pki / "lin.pem") == said.split("=")[1].strip().replace(":", "").lower()
    for wrong in ("lin.key", "gone"):
        with pytest.raises(ConfigurationError, match="no certificate"):
            fingerprint_in(pki / wrong)


class Served:
    """A portal over TLS, and browsers that show a certificate or none."""

    def __init__(self, portal, port, pki):
        self.portal, self.base, self.pki = portal, f"https://127.0.0.1:{port}", pki

    def browser(self, name=None):
        context = ssl.create_default_context(cafile=self.pki / "server.pem")
        if name is not None:
            context.load_cert_chain(self.pki / f"{name}.pem", self.pki / f"{name}.key")
        connector = aiohttp.TCPConnector(ssl=context)
        jar = aiohttp.CookieJar(unsafe=True)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=jar)
        return Browser(self.base, session, self.portal.used, self.portal.codes)


@pytest.fixture
async def served(tmp_path, pki):
    port = free_port()
    place = listening(
        f"127.0.0.1:{port}", pki / "server.pem", pki / "server.key", pki / "ca.pem"
    )  # fmt: skip
    lin = replace(LIN, certificate=fingerprint_in(pki / "lin.pem"))
    async with house(tmp_path, people={"lin": lin, "qin": replace(LIN, name="qin")},
                     secure=True) as portal:  # fmt: skip
        assert portal.runner is not None
        site = web.TCPSite(portal.runner, place.host, port, ssl_context=tls_context(place))
        await site.start()
        yield Served(portal, port, pki)


async def test_a_certificate_signs_in_whose_it_is(served):
    lin = served.browser("lin")
    page = await lin.get("/sign-in")
    assert "用证书登录" in page.text
    answer = await lin.post("/sign-in/certificate", {"visit_token": page.hidden("visit_token")})
    assert answer.status == 303
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-fengcun-portal=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    home = await lin.get("/")
    assert home.status == 200
    assert "max-age" in home.headers["Strict-Transport-Security"]
    await lin.session.close()
    ((_, payload),) = served.portal.recorded()
    assert payload["by"] == "certificate"


async def test_its_session_is_worth_nothing_without_the_certificate(served):
    lin = served.browser("lin")
    token = (await lin.get("/sign-in")).hidden("visit_token")
    answer = await lin.post("/sign-in/certificate", {"visit_token": token})
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    for name in (None, "qin"):
        thief = served.browser(name)
        async with thief.session.get(
            thief.base + "/", headers={"Cookie": cookie}, allow_redirects=False
        ) as page:
            assert page.headers["Location"] == "/sign-in"
        # Nor does the right password do.
        account = replace(LIN, certificate="x")
        assert (await thief.sign_in(account)).status == 403
        await thief.session.close()
    assert (await lin.get("/")).status == 200
    await lin.session.close()


async def test_one_that_is_registered_for_nobody_signs_nobody_in(served):
    qin = served.browser("qin")
    page = await qin.get("/sign-in")
    assert "用证书登录" not in page.text
    answer = await qin.post("/sign-in/certificate", {"visit_token": page.hidden("visit_token")})
    assert answer.status == 403
    await qin.session.close()


async def test_one_of_another_authority_does_not_even_connect(served):
    evil = served.browser("evil")
    with pytest.raises(aiohttp.ClientError):
        await evil.get("/sign-in")
    await evil.session.close()
