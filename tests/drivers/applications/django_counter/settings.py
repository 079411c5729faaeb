"""A Django without a web page: its models, and where the database is by the variables of libpq."""

from __future__ import annotations

import os

import django
from django.conf import settings


def configure(label: str) -> None:
    """Set Django up; `bound` sends values apart from the text, `default` in it."""
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
        "PASSWORD": os.environ["PGPASSWORD"],
        "NAME": os.environ["PGDATABASE"],
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
    bound = {**database, "OPTIONS": {"server_side_binding": True}}
    settings.configure(
        DATABASES={"default": database, "bound": bound},
        INSTALLED_APPS=["django.contrib.contenttypes", label],
        USE_TZ=True,
        TIME_ZONE="Asia/Shanghai",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
