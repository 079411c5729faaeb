"""JSON Schemas of both files, for editors that check TOML while it is written."""

from __future__ import annotations

from typing import Any, Literal

from proxy.settings.policy import PolicyTables
from proxy.settings.service import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(file: Literal["fengcun.toml", "policy.toml"]) -> dict[str, Any]:
    """The schema of one of the two files, as JSON Schema draft 2020-12."""
    model = Settings if file == "fengcun.toml" else PolicyTables
    return {"$schema": DIALECT, **model.model_json_schema(by_alias=True), "title": file}
