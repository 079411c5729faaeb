"""``python -m tests.requirements [--write]``: what is wrong with the page, or the page anew."""

from __future__ import annotations

import sys

from tests.requirements.page import PAGE, groups, marks, page, problems


def main() -> int:
    written, marked = groups(), marks()
    found = list(problems(written, marked))
    for each in found:
        sys.stderr.write(f"{each}\n")
    if found:
        return 1
    text = page(written, marked)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write("not current; do: python -m tests.requirements --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
