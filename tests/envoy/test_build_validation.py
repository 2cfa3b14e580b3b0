"""The real Envoy takes everything that the builders make."""

from pathlib import Path

import pytest
from tests.kit import samples_of_parts
from tests.kit.envoy_validation import refusal
from tests.kit.parts import REVIEWS
from tests.kit.workload_credentials import new_issuer, write_credentials

from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ProxyResources
from convoy.xds.cache.views import build_model

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("proxy", ["app.default", "gate.default"])
async def test_envoy_takes_every_kind_of_resource(proxy: str, tmp_path: Path) -> None:
    assert await refusal(built(proxy, tmp_path), tmp_path) == ""


async def test_envoy_refuses_certificates_that_are_not_there(tmp_path: Path) -> None:
    resources = built("app.default", tmp_path)
    (tmp_path / "sds" / "ROOTCA.yaml").unlink()
    assert "ROOTCA.yaml" in await refusal(resources, tmp_path)


def built(proxy: str, folder: Path) -> ProxyResources:
    sds = write_credentials(folder, REVIEWS, new_issuer()).sds_folder
    model = build_model(samples_of_parts.everything(), None, Memo(checks=True), sds_folder=str(sds))
    return model.proxies[proxy]
