"""Facts about the definitions of the Istio kinds, judged by the rules of a real API server."""

import json
import typing

import msgspec
import pytest

from convoy.api.crds import build_crds
from convoy.api.crds.descriptions import DESCRIPTIONS
from convoy.api.crds.schemas import build_schema
from convoy.api.crds.table import BUILT, CRD_KINDS
from convoy.api.kinds import KINDS
from convoy.api.validation.unbuilt import Gap
from convoy.cluster.schema import prune, validate_crd, validate_custom
from convoy.cluster.schema.schemas import Schemas

CRDS = {crd["spec"]["names"]["kind"]: crd for crd in build_crds()}
KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"


def schema(kind: str, version: str = "v1"):
    versions = {each["name"]: each for each in CRDS[kind]["spec"]["versions"]}
    return versions[version]["schema"]["openAPIV3Schema"]


def nodes(found):
    if isinstance(found, dict):
        yield found
        for inner in found.values():
            yield from nodes(inner)


@pytest.mark.parametrize("kind", CRDS)
def test_api_server_accepts_the_definition(kind):
    assert validate_crd(CRDS[kind]) == []


def test_every_istio_kind_that_is_read_has_a_definition_in_all_its_versions():
    read = {kind.name: set(kind.api_versions) for kind in KINDS if kind.group.endswith("istio.io")}
    defined = {kind.name: {f"{kind.group}/{version}" for version in kind.versions} for kind in BUILT}
    assert defined == read
    assert {kind.name: kind.plural for kind in BUILT} == {k.name: k.plural for k in KINDS if k.name in read}


@pytest.mark.parametrize("kind", CRDS)
def test_one_version_is_stored_and_all_have_status_and_one_schema(kind):
    versions = CRDS[kind]["spec"]["versions"]
    assert [each["storage"] for each in versions] == [True] + [False] * (len(versions) - 1)
    assert all(each["served"] and each["subresources"] == {"status": {}} for each in versions)
    assert all(each["schema"] == versions[0]["schema"] for each in versions)


@pytest.mark.parametrize("kind", CRDS)
def test_objects_keep_fields_that_nobody_knows(kind):
    objects = [
        node
        for node in nodes(schema(kind, CRDS[kind]["spec"]["versions"][0]["name"]))
        if "properties" in node
    ]
    assert objects
    assert [
        node for node in objects if isinstance(node.get("type"), str) and not node.get(KEEPS_UNKNOWN)
    ] == []


def test_misspelled_fields_at_every_level_are_kept_for_validation():
    schemas = Schemas()
    (resource, *_) = schemas.set_custom(CRDS["VirtualService"])
    found = schemas.find(resource)
    assert found is not None
    route = {"destination": {"host": "a", "subst": "v1"}, "weigth": 5}
    spec = {"hosts": ["a"], "htp": [], "http": [{"route": [route], "x": {"y": 1}}]}
    obj = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "a"}}
    assert prune(found, {**obj, "spec": spec, "speck": 1}) == ({**obj, "spec": spec, "speck": 1}, [])


def test_null_means_that_a_field_is_missing():
    schemas = Schemas()
    (resource, *_) = schemas.set_custom(CRDS["DestinationRule"])
    found = schemas.find(resource)
    assert found is not None
    spec = {"host": "a", "subsets": None, "trafficPolicy": {"tls": None, "connectionPool": {"tcp": None}}}
    obj = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "a"}}
    assert validate_custom(found, {**obj, "spec": spec}) == []


class Spec(msgspec.Struct):
    whole: str = ""
    part: str = ""
    built: str = ""


def test_fields_that_are_refused_say_so():
    refused = build_schema(Spec, Gap({"whole": Gap(), "part": Gap({}, frozenset({"A"}))}))["properties"]
    assert "Not supported by Convoy yet" in refused["whole"]["description"]
    assert "Convoy does not support A yet." in refused["part"]["description"]
    assert "description" not in refused["built"]


@pytest.mark.parametrize(
    "kind", [kind for kind in CRD_KINDS if kind.struct is None], ids=lambda kind: kind.name
)
def test_kinds_without_effect_take_any_spec_and_say_so(kind):
    described = schema(kind.name, kind.versions[0])
    assert kind.effect in described["description"]
    assert described["properties"]["spec"][KEEPS_UNKNOWN]
    assert "properties" not in described["properties"]["spec"]


def structs_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
        for field in msgspec.structs.fields(annotation):
            yield from structs_in(field.type)
    for inner in typing.get_args(annotation):
        yield from structs_in(inner)


def test_every_field_is_described_and_nothing_else():
    structs = {each for kind in BUILT for each in structs_in(typing.get_type_hints(kind.struct)["spec"])}
    fields = {
        (each.__name__, field.encode_name) for each in structs for field in msgspec.structs.fields(each)
    }
    assert set(DESCRIPTIONS) ^ fields == set()


@pytest.mark.parametrize("name", CRDS)
def test_definitions_are_small_enough_for_kubectl_apply(name):
    # It writes what it applies into an annotation, and all annotations have 256 KiB together.
    assert len(json.dumps(CRDS[name])) < 240 * 1024


def test_names_are_those_that_kubectl_users_know():
    assert {kind: crd["spec"]["names"].get("shortNames") for kind, crd in CRDS.items()} == {
        "AuthorizationPolicy": ["ap"],
        "DestinationRule": ["dr"],
        "EnvoyFilter": None,
        "Gateway": ["gw"],
        "PeerAuthentication": ["pa"],
        "ProxyConfig": None,
        "RequestAuthentication": ["ra"],
        "ServiceEntry": ["se"],
        "Sidecar": None,
        "Telemetry": ["telemetry"],
        "VirtualService": ["vs"],
        "WasmPlugin": None,
        "WorkloadEntry": ["we"],
        "WorkloadGroup": ["wg"],
    }
    names = CRDS["VirtualService"]["spec"]["names"]
    assert names["categories"] == ["istio-io", "networking-istio-io"]
    columns = CRDS["ServiceEntry"]["spec"]["versions"][2]["additionalPrinterColumns"]
    assert [column["name"] for column in columns] == ["Hosts", "Location", "Resolution", "Age"]
