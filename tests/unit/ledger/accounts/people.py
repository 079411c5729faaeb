"""Synthetic people with an account. Their password is the same."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.accounts.passwords import PasswordHash, hash_password

PASSWORD = "synthetic, and long enough"
HASH = hash_password(PASSWORD)


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    password: PasswordHash = HASH


LI, WANG = Person("li"), Person("wang")
PEOPLE = {each.name: each for each in (LI, WANG)}
