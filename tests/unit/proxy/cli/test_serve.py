import pytest

from proxy.cli.serve import run
from proxy.errors import ConfigurationError


def test_a_wrong_key_stops_the_start_with_its_place(config):
    text = config.read_text(encoding="utf-8").replace("catalogue_user", "catalog_user")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"fengcun\.toml:\d+: upstream\.catalog_user: .*catalogue_user"
    ):
        run(config)


def test_a_missing_policy_stops_the_start(config):
    (config.parent / "policy.toml").unlink()
    with pytest.raises(ConfigurationError, match=r"policy\.toml: cannot read it"):
        run(config)
