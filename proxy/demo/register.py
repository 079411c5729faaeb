"""The tables of the demo's agency as rows waiting to be loaded. Pure.

The schema is ``config/demo/schema.sql``; `COLUMNS` lists what is filled, in the order in which the
tables refer to one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final, TypeAlias

Cell: TypeAlias = int | str | bool | date | None
Row: TypeAlias = tuple[Cell, ...]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        table: tuple(columns.split())
        for table, columns in {
            "person": "person_id name gender id_no birth_date hukou_addr phone",
            "case_file": "case_id case_no case_kind cause org_code incident_date filed_on"
            " closed_on parent_case_id",
            "case_person": "cp_id case_id person_id role offence_first offence_last"
            " main_before_18 optout_approved",
            "charge": "charge_id cp_id charge_name offence_date term_months",
            "sentence": "sent_id cp_id result_code penalty_kind term_months judgment_no"
            " effective_on",
            "non_prosecution": "np_id cp_id np_kind decided_on doc_no",
            "coercive_measure": "cm_id cp_id kind start_on end_on",
            "social_investigation": "si_id cp_id report_on summary",
            "guidance_record": "gr_id cp_id kind on_date content",
            "victim": "victim_id case_id name id_no birth_date address school guardian_phone",
            "document": "doc_id case_id cp_id doc_type title content issued_on",
            "admin_penalty": "ap_id person_id act_date decision decided_on",
            "seal_notice": "notice_id cp_id notice_no issuer issued_on received_on executed_on"
            " status unseal_ground unsealed_on",
            "query_application": "app_id applicant_org org_kind subject_id_no reason legal_basis"
            " letter_no accepted_on decision decided_on",
        }.items()
    }
)
"""Table -> its columns, the key first. Parents stand before what refers to them."""


@dataclass(slots=True)
class Register:
    """Rows by table, numbered from 1 as they come, and which people's cases the law seals."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    sealed: set[int] = field(default_factory=set)
    """``case_person.cp_id`` of every sealed record."""
    profiles: dict[int, str] = field(default_factory=dict)
    """``case_person.cp_id`` -> the kind of person and case it is."""

    def add(self, table: str, *values: Cell) -> int:
        """Append a row of ``values``, its key left out; the key it got."""
        rows = self.rows[table]
        key = len(rows) + 1
        rows.append((key, *values))
        return key

    @property
    def rows_count(self) -> int:
        """In all tables together."""
        return sum(map(len, self.rows.values()))
