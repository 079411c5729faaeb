"""The policy on its way from the service to its workers, and their health on its way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from proxy.errors import ProtocolViolation
from proxy.names import QualifiedName
from proxy.settings.drift import Landmarks
from proxy.telemetry.endpoint import Health


@dataclass(frozen=True, slots=True)
class Order:
    """The text of a policy file, not its name: the file may have been changed since it was put in
    force. `landmarks`, by database, are None for a policy that is to be put in force."""

    policy: str
    landmarks: Mapping[str, Landmarks] | None = None

    def encode(self) -> str:
        """As text for a `Channel`."""
        landmarks = None if self.landmarks is None else encode_landmarks(self.landmarks)
        return json.dumps({"policy": self.policy, "landmarks": landmarks})

    @classmethod
    def decode(cls, text: str) -> Order:
        """Raises `ProtocolViolation`."""
        match json.loads(text):
            case {"policy": str(policy), "landmarks": None}:
                return cls(policy)
            case {"policy": str(policy), "landmarks": str(landmarks)}:
                return cls(policy, decode_landmarks(landmarks))
            case _:
                raise ProtocolViolation("an order that is none")


def encode_landmarks(landmarks: Mapping[str, Landmarks]) -> str:
    """Database -> [schema, name, OID], ..."""
    return json.dumps(
        {
            database: [[name.schema, name.name, oid] for name, oid in found.items()]
            for database, found in landmarks.items()
        }
    )


def decode_landmarks(text: str) -> dict[str, Landmarks]:
    """Raises `ProtocolViolation`."""
    try:
        return {
            str(database): {QualifiedName(str(s), str(n)): int(oid) for s, n, oid in found}
            for database, found in json.loads(text).items()
        }
    except (AttributeError, TypeError, ValueError):
        raise ProtocolViolation("landmarks that are none") from None


def encode_health(health: Health) -> str:
    """As text for a `Channel`."""
    return json.dumps(asdict(health))


def decode_health(text: str) -> Health:
    """What is not said to be well is not."""
    said = json.loads(text)
    return Health(**{part.name: said.get(part.name) is True for part in fields(Health)})
