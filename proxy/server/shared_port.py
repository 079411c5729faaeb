"""One port for several processes (SO_REUSEPORT, socket(7))."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def hold_port(host: str, port: int) -> ExitStack:
    """Keep an address for our own processes until the stack is closed. Raises `OSError`.

    What is bound as everybody binds it fails where anybody listens already, another service of
    ours included; SO_REUSEPORT, set only then, lets those in who set it, too, and are the same
    user. Nobody is accepted here, for nothing listens.
    """
    with ExitStack() as stack:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            held = stack.enter_context(socket.socket(family, kind, protocol))
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            held.bind(address)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return stack.pop_all()
