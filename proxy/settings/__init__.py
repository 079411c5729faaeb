"""The two files a site writes, fengcun.toml and policy.toml, read into values."""

from proxy.settings.law import load_law
from proxy.settings.problems import ConfigurationProblems, Problem
from proxy.settings.schema import json_schema
from proxy.settings.service import Settings, load_settings

__all__ = [
    "ConfigurationProblems",
    "Problem",
    "Settings",
    "json_schema",
    "load_law",
    "load_settings",
]
