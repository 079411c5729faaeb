"""What is set, in a process of its own."""

import json
import subprocess
import sys

SET = """
import gc, json, sys
from proxy.server.interpreter import settle
settle()
print(json.dumps([sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count(),
                  gc.isenabled()]))
"""


def test_threads_take_turns_often_and_garbage_is_looked_for_seldom():
    done = subprocess.run([sys.executable, "-c", SET], capture_output=True, text=True, check=True)
    switch_seconds, thresholds, frozen_count, enabled = json.loads(done.stdout)
    assert switch_seconds <= 0.001
    assert thresholds[0] >= 10_000
    assert frozen_count > 1000
    assert enabled
