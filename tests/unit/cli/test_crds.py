"""Facts about `convoy crds`."""

import yaml
from click.testing import CliRunner

from convoy.api.crds import build_crds
from convoy.cli.crds import crds


def test_definitions_are_printed_as_yaml_without_aliases():
    said = CliRunner().invoke(crds)
    assert said.exit_code == 0
    assert [*yaml.safe_load_all(said.output)] == build_crds()
    assert "&id" not in said.output
