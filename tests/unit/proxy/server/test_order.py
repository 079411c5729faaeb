"""What crosses between the service and its workers comes out as it went in."""

from dataclasses import fields

import pytest

from proxy.errors import ProtocolViolation
from proxy.names import QualifiedName
from proxy.server.order import Order, decode_health, decode_landmarks, encode_health
from proxy.telemetry.endpoint import Health

LANDMARKS = {"agency": {QualifiedName("base", 'odd "名.'): 16_384}, "empty": {}}


@pytest.mark.parametrize("landmarks", [None, {}, LANDMARKS], ids=["new", "nothing", "known"])
def test_an_order_comes_out_as_it_went_in(landmarks):
    order = Order('# 封存\r\n[relation."base.x"]\n', landmarks)
    assert Order.decode(order.encode()) == order


@pytest.mark.parametrize("text", ["{}", "[]", '{"policy": 1, "landmarks": null}'])
def test_what_is_no_order_is_refused(text):
    with pytest.raises(ProtocolViolation):
        Order.decode(text)


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": [["s", "n"]]}', '{"a": [[1]]}'])
def test_landmarks_that_are_none_are_refused(text):
    with pytest.raises(ProtocolViolation):
        decode_landmarks(text)


@pytest.mark.parametrize("part", [field.name for field in fields(Health)])
def test_what_is_not_said_to_be_well_is_not(part):
    health = Health(ready=True, ledger=True, catalogue=True, policy=True, witness=True)
    assert decode_health(encode_health(health)) == health
    without = encode_health(health).replace(f'"{part}": true', f'"{part}": 1')
    assert getattr(decode_health(without), part) is False
