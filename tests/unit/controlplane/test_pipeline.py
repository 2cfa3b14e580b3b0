"""Facts about the way from objects to what is served, over the sample's own folders."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.arch.tree import ROOT
from tests.unit.mesh.objects import gateway, gateway_pod, parse
from tests.unit.mesh.test_gateway_servers import secret, tls_server

from convoy.api import codes
from convoy.api.meta import ClusterID
from convoy.config.errors import FolderError
from convoy.config.folder import Folder
from convoy.config.origins import Origins
from convoy.config.store import Composer, Held
from convoy.config.view import build_view
from convoy.controlplane.admission import admit_pods
from convoy.controlplane.offline import translate_folder
from convoy.controlplane.pipeline import Outlets, Published, build_state, publish_states
from convoy.kit.latest import LatestValue
from convoy.mesh.model import MeshSettings
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import SEND_ORDER, XdsModel

SETTINGS = MeshSettings(cluster_id=ClusterID("cluster1"))
RULES = "reviews-virtual-service.yaml"
BROKEN = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: broken}
spec: {htp: []}
"""


class Cluster:
    """A folder that a test edits, and the control plane's pure steps over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._composer = Composer(admit_pods(SETTINGS))
        self._memo = Memo()
        self._files = Folder()
        self.published: Published | None = None

    def held(self) -> Held:
        for path in sorted(self.folder.iterdir()):
            self._files.read(str(path), path.read_bytes())
        return self._composer.compose(self._files.contents())

    def build(self) -> Published:
        self.published = build_state(self.held(), SETTINGS, previous=self.published, memo=self._memo)
        return self.published

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


def versions(model: XdsModel) -> dict[str, list[str]]:
    return {
        name: [resources.of_type(type_url).version for type_url in SEND_ORDER]
        for name, resources in model.proxies.items()
    }


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(Path(shutil.copytree(ROOT / "samples" / "bookinfo" / "cluster1", tmp_path / "cluster1")))


def test_every_pod_in_the_mesh_gets_its_resources_and_must_prove_its_account(cluster: Cluster) -> None:
    model = cluster.build().model
    assert model.identities["productpage-v1.default"] == (
        "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
    )
    assert model.proxies.keys() == model.identities.keys()
    assert {name.partition(".")[2] for name in model.proxies} == {"default", "istio-system"}
    assert "outbound|9080|v1|reviews.default.svc.cluster.local" in (
        model.proxies["productpage-v1.default"].clusters
    )


def test_the_sample_has_no_problems(cluster: Cluster) -> None:
    assert cluster.build().problems == ()


def test_names_are_by_namespace_of_who_asks(cluster: Cluster) -> None:
    names = cluster.build().names["default"].names
    assert names["reviews.default.global"] == ("240.0.0.3",)


def test_what_resolving_finds_has_the_place_where_it_was_written(cluster: Cluster) -> None:
    cluster.edit(RULES, "subset: v1", "subset: v4")
    (problem,) = cluster.build().problems
    assert (problem.code, problem.file) == (codes.UNKNOWN_SUBSET, str(cluster.folder / RULES))
    line = (cluster.folder / RULES).read_text().splitlines()[problem.line - 1]
    assert "subset: v4" in line


def test_an_object_that_cannot_be_read_costs_only_itself(cluster: Cluster) -> None:
    before = cluster.build()
    (cluster.folder / "broken.yaml").write_text(BROKEN)
    after = cluster.build()
    assert [problem.code for problem in after.problems] == [codes.UNKNOWN_FIELD]
    assert after.model is before.model


def test_a_comment_changes_nothing_that_is_served(cluster: Cluster) -> None:
    before = cluster.build()
    cluster.edit(RULES, "spec:\n", "# a word\nspec:\n")
    after = cluster.build()
    assert after.model is before.model
    assert after.names["default"] is before.names["default"]


def test_a_changed_rule_leaves_what_it_does_not_touch_as_it_is(cluster: Cluster) -> None:
    before = cluster.build()
    cluster.edit(RULES, "weight: 50", "weight: 30")
    after = cluster.build()
    assert after.model.number > before.model.number
    old, new = (each.model.proxies["productpage-v1.default"] for each in (before, after))
    assert [name for name in new.routes if new.routes[name] != old.routes[name]] == ["9080"]
    assert new.clusters is old.clusters
    assert new.listeners is old.listeners
    assert after.names["default"] is before.names["default"]


def test_building_from_the_start_gives_the_same_as_building_step_by_step(cluster: Cluster) -> None:
    cluster.build()
    cluster.edit(RULES, "weight: 50", "weight: 30")
    stepwise, fresh = cluster.build().model, Cluster(cluster.folder).build().model
    assert versions(stepwise) == versions(fresh)


def test_offline_gives_what_the_control_plane_serves(cluster: Cluster) -> None:
    served, offline = cluster.build(), translate_folder(cluster.folder, SETTINGS)
    assert versions(offline.model) == versions(served.model)
    with pytest.raises(FolderError):
        translate_folder(cluster.folder / "missing", SETTINGS)


async def test_a_model_is_handed_on_only_when_it_differs(cluster: Cluster) -> None:
    outlets = Outlets(LatestValue(), LatestValue(), LatestValue(), LatestValue())

    async def states() -> AsyncIterator[Held]:
        yield cluster.held()
        cluster.edit(RULES, "spec:\n", "# a word\nspec:\n")
        yield cluster.held()
        cluster.edit(RULES, "weight: 50", "weight: 30")
        yield cluster.held()

    await publish_states(states(), outlets, SETTINGS)
    assert (outlets.published.number, outlets.models.number, outlets.names.number) == (3, 2, 1)
    assert outlets.models.get_nowait() is outlets.published.get_nowait().model


def test_time_alone_may_close_a_port() -> None:
    objects = parse(gateway_pod(), gateway("web", tls_server(credentialName="c")), secret("c"))
    held, memo = Held(build_view(1, objects), (), Origins({})), Memo()
    now = datetime.now(UTC)
    first = build_state(held, SETTINGS, previous=None, memo=memo, now=now)
    expiry = first.snapshot.valid_until
    assert expiry is not None
    same = build_state(held, SETTINGS, previous=first, memo=memo, now=now + timedelta(minutes=1))
    assert same.model is first.model
    later = build_state(held, SETTINGS, previous=same, memo=memo, now=expiry)
    before, after = (each.model.proxies["gateway.istio-system"] for each in (same, later))
    assert (list(before.listeners), list(after.listeners)) == (["0.0.0.0_443"], [])
    assert (list(before.secrets), list(after.secrets)) == (["kubernetes://istio-system/c"], [])
    assert [problem.code for problem in later.problems if problem.is_error] == [codes.CREDENTIAL_EXPIRED]
    assert later.snapshot.valid_until is None
