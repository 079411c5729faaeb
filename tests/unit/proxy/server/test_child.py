"""Whoever is started does not outlive who started it."""

import signal
import subprocess
import sys

import psutil

PARENT = """
import subprocess, signal, sys
from proxy.server.child import ends_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=ends_with_parent(signal.SIGKILL))
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_child_ends_with_its_parent():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
    gone, _ = psutil.wait_procs([child], 10)
    assert gone == [child] or child.status() == psutil.STATUS_ZOMBIE
