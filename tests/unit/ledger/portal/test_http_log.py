"""Against a real server, and against sockets that behave as no server should."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger.errors import ConfigurationError
from ledger.portal import http_log
from ledger.portal.http_log import HttpLog
from ledger.portal.logs import LogUnreadable, Trouble, source_of
from tests.unit.ledger.portal.made_log import heartbeats, made_log


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(root: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Each connection is handed to `answer` once its request was read, then closed."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.settimeout(30)
                    with suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_log_is_read_as_from_its_directory(tmp_path: Path):
    log = made_log(tmp_path / "log", heartbeats(300))
    with served(tmp_path) as url:
        key = str(log.keys.log.verifier)
        source = source_of("公安", f"{url}/log/", [key])
        assert source.checkpoint() == log.source().checkpoint()
        reader = HttpLog(f"{url}/log")
        for path in ("checkpoint", "tile/entries/000", "tile/0/000"):
            assert reader.read(path) == (log.root / path).read_bytes()
        with pytest.raises(FileNotFoundError):
            reader.read("tile/entries/001")
        assert reader.read("tile/entries/001.p/45")
        assert reader.segments() == []
        reader.close()


def test_a_connection_that_was_closed_meanwhile_is_made_again(tmp_path: Path):
    (tmp_path / "checkpoint").write_bytes(b"x")
    with served(tmp_path) as url:
        reader = HttpLog(url)
        assert reader.read("checkpoint") == b"x"
        assert reader._connection.sock is not None
        reader._connection.sock.shutdown(socket.SHUT_RDWR)
        assert reader.read("checkpoint") == b"x"
        reader.close()


def send(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


def endless(connection: socket.socket) -> None:
    """But no more than a reader that has a limit can have taken."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1024):
        connection.sendall(b"x" * 65_536)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), "status 302"),
        (send(b"HTTP/1.1 500 <script>\r\nContent-Length: 0\r\n\r\n"), "status 500"),
        (send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), "no connection"),
        (send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "no connection"),
        (send(b"rubbish\r\n\r\n"), "no connection"),
        (send(b""), "no connection"),
        (endless, "does not end"),
    ],
)
def test_a_wrong_answer_is_no_file(answer, reason: str, monkeypatch):
    monkeypatch.setattr(http_log, "FILE_BYTES_MAX", 1 << 20)
    with answering(answer) as url:
        reader = HttpLog(url)
        with pytest.raises(ConnectionError, match=reason) as caught:
            reader.read("checkpoint")
        assert "script" not in str(caught.value)
        reader.close()


def test_a_slow_answer_is_given_up(monkeypatch):
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stopped.wait(0.01):
            connection.sendall(b"x")

    stopped = threading.Event()
    monkeypatch.setattr(http_log, "FILE_SECONDS_MAX", 0.2)
    with answering(drip) as url:
        try:
            with pytest.raises(ConnectionError, match="does not end"):
                HttpLog(url).read("checkpoint")
        finally:
            stopped.set()


def test_nobody_there_is_an_error_of_that_log(tmp_path: Path):
    log = made_log(tmp_path / "log")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    source = source_of("公安", f"http://127.0.0.1:{port}/log", [str(log.keys.log.verifier)])
    with pytest.raises(LogUnreadable) as caught:
        source.checkpoint()
    assert caught.value.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize("url", ["file:///x", "http://", "http://h:x/", "http://u@h/", "//h/x"])
def test_what_is_no_place_for_a_log_is_refused(url: str):
    with pytest.raises(ConfigurationError):
        HttpLog(url)


def test_certificates_that_are_none_are_refused(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("rubbish")
    with pytest.raises(ConfigurationError, match="PEM"):
        HttpLog("https://ledger.example/", tmp_path / "ca.pem")
