"""A service that ends and is started again, at the same place."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack

from tests.scenarios.service import Service, Site, started

ENDS_AFTER_MAX_S = 90.0


class Rebirth:
    """Use as a context manager; `service` is the one that runs now."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.service: Service
        self._stack = ExitStack()

    def __enter__(self) -> Rebirth:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The one that was started."""
        return self.service.process

    def start(self) -> None:
        """Once the one before has ended."""
        self._stack.close()
        self.service = self._stack.enter_context(started(self.site))

    def until_ended(self, code: int) -> None:
        """AssertionError where it ends otherwise."""
        found = self.process.wait(ENDS_AFTER_MAX_S)
        assert found == code, f"the service ended with {found} and not with {code}"
