"""One line a step of an application: its name, and what came of it."""

from __future__ import annotations

from collections.abc import Callable


class Steps:
    """Errors are shown by SQLSTATE: texts are not promised to be alike where rows are sealed."""

    def __init__(self, after_error: Callable[[], object]) -> None:
        self._after_error = after_error

    def __call__(self, name: str, run: Callable[[], object]) -> None:
        """Run a step; what it returns or raises is printed."""
        try:
            shown = repr(run())
        except Exception as error:  # noqa: BLE001
            shown = f"{type(error).__name__} {_sqlstate(error)}"
            self._after_error()
        print(f"{name}: {shown}", flush=True)


def _sqlstate(error: BaseException | None) -> object:
    """Of the driver's error that this one was made of."""
    while error is not None:
        for holder in (error, getattr(error, "orig", None)):
            if state := getattr(holder, "sqlstate", None):
                return state
        error = error.__cause__
    return None
