"""A query counter on Django. Where the database is, the variables of libpq say."""

from __future__ import annotations

import io

from tests.drivers.applications.django_counter import settings
from tests.drivers.applications.steps import Steps

settings.configure("tests.drivers.applications.django_counter")

from tests.drivers.applications.django_counter import reading, writing  # noqa: E402


def main():
    for base, using in ((900, "default"), (2000, "bound")):
        steps = Steps(lambda: None)

        def step(name, run, steps=steps, using=using):
            steps(f"{using}/{name}", run)

        for walk in (reading.lists, reading.joins, reading.sums):
            walk(step, using)
        for write in (writing.registering, writing.many, writing.failing, writing.refused):
            write(step, using, base)
        writing.described(step, using, io.StringIO())
    print("the end: reached")


if __name__ == "__main__":
    main()
