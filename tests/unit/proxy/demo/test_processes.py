from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from proxy.demo.processes import HOST, Child, ChildFailed, free_port, identity_arguments, still_free

SLOW_SECONDS = 30.0


@pytest.fixture
def spawn(tmp_path):
    started = []

    def start(source: str, **options) -> Child:
        child = Child(
            "the program",
            [sys.executable, "-c", textwrap.dedent(source)],
            log=tmp_path / "log",
            environment=dict(os.environ),
            directory=tmp_path,
            **options,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.stop(seconds_max=0.1)


def test_a_port_that_is_free_is_given():
    port = free_port()
    assert free_port(port) == port


def test_a_port_that_is_taken_is_replaced():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (port, 0)


def test_ports_are_still_free_unless_somebody_took_one():
    free, other = free_port(), free_port()
    assert still_free(free, other)
    with socket.socket() as taken:
        taken.bind((HOST, free))
        taken.listen()
        assert not still_free(free, other)


def test_without_an_account_we_stay_who_we_are():
    assert identity_arguments(None) == (None, None)


def test_waiting_ends_with_the_line_that_was_waited_for(spawn, tmp_path):
    child = spawn("""
        import sys, time
        print("starting", file=sys.stderr)
        print("listening on 4711", file=sys.stderr)
        time.sleep(60)
    """)
    assert child.wait_for(r"listening on (\d+)", seconds_max=SLOW_SECONDS)[1] == "4711"
    assert (tmp_path / "log").read_text() == "starting\nlistening on 4711\n"


def test_a_program_that_ends_before_it_is_ready_is_quoted(spawn):
    child = spawn("import sys; sys.exit('the port is taken')")
    with pytest.raises(ChildFailed, match=r"the program ended[\s\S]*the port is taken"):
        child.wait_for("ready", seconds_max=SLOW_SECONDS)


def test_a_program_that_is_not_ready_in_time_fails(spawn):
    child = spawn("import time; time.sleep(60)")
    with pytest.raises(ChildFailed, match="not ready"):
        child.wait_for("ready", seconds_max=0.1)


def test_an_unexpected_end_is_told_with_the_last_words(spawn):
    child = spawn("import sys; sys.exit('the disk is full')")
    assert "the disk is full" in str(child.wait_for_failure())


def test_stopping_asks_and_returns_the_exit_code(spawn):
    child = spawn(
        """
        import signal, sys
        signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
        print("ready", file=sys.stderr, flush=True)
        signal.pause()
        """,
        last_signal=signal.SIGINT,
    )
    child.wait_for("ready", seconds_max=SLOW_SECONDS)
    assert child.stop() == 7


def test_stopping_insists(spawn):
    child = spawn("""
        import signal, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", file=sys.stderr, flush=True)
        while True:
            signal.pause()
    """)
    child.wait_for("ready", seconds_max=SLOW_SECONDS)
    assert child.stop(seconds_max=0.1) == -signal.SIGKILL


def test_a_program_ends_when_we_are_killed(tmp_path):
    (tmp_path / "child.py").write_text("import signal\nsignal.pause()\n")
    parent = textwrap.dedent(f"""
        import os, pathlib, sys
        from proxy.demo.processes import Child
        here = pathlib.Path({str(tmp_path)!r})
        child = Child("child", [sys.executable, here / "child.py"], log=here / "log",
                      environment=dict(os.environ), directory=here)
        print(child._process.pid, flush=True)
        sys.stdin.read()
    """)
    running = subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert running.stdin is not None
    assert running.stdout is not None
    handle = os.pidfd_open(int(running.stdout.readline()))
    running.kill()
    running.wait()
    # A pidfd becomes readable when its process ends.
    import select

    assert select.select([handle], [], [], SLOW_SECONDS)[0]
    os.close(handle)
    running.stdin.close()
    running.stdout.close()
