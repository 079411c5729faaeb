"""One port, several of our own processes, and nobody else."""

import socket

import pytest

from proxy.server.shared_port import hold_port
from tests.world import HOST


def bound(port, *, shared, listens=True):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
    made.bind((HOST, port))
    if listens:
        made.listen()
    return made


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind((HOST, 0))
        return free.getsockname()[1]


def test_several_listen_on_what_is_held_and_get_all_clients(port):
    with hold_port(HOST, port), bound(port, shared=True) as one, bound(port, shared=True) as other:
        for server in (one, other):
            server.setblocking(False)
        for _ in range(50):
            socket.create_connection((HOST, port)).close()
        accepted = 0
        for server in (one, other):
            while True:
                try:
                    server.accept()[0].close()
                except BlockingIOError:
                    break
                accepted += 1
        assert accepted == 50


def test_who_asks_for_it_alone_does_not_get_it(port):
    with hold_port(HOST, port), bound(port, shared=True), pytest.raises(OSError):
        bound(port, shared=False)


@pytest.mark.parametrize("shared", [True, False])
def test_a_port_that_is_in_use_cannot_be_held(port, shared):
    with bound(port, shared=shared), pytest.raises(OSError), hold_port(HOST, port):
        raise AssertionError("it was held")


def test_a_second_service_finds_the_workers_of_the_first(port):
    with (
        hold_port(HOST, port),
        bound(port, shared=True),
        pytest.raises(OSError),
        hold_port(HOST, port),
    ):
        raise AssertionError("it was held twice")


def test_nobody_is_accepted_where_only_the_port_is_held(port):
    with hold_port(HOST, port), pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))


def test_what_was_held_is_free_again(port):
    hold_port(HOST, port).close()
    bound(port, shared=False).close()
