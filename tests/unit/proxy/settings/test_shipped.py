"""The shipped files are found in a checkout."""

import pytest

from proxy.settings.shipped import shipped_file


@pytest.mark.parametrize("name", ["fengcun.toml", "policy.toml", "builtin.toml", "functions.toml"])
def test_what_is_shipped_is_found(name):
    assert shipped_file(name).is_file()
