"""Facts about single objects that are read from a cluster by their names."""

import base64
import contextlib

import pytest
from tests.kit.api_server import running_api
from tests.unit.config.kube.clients import client_of
from tests.unit.config.kube.definitions import ISTIO_KINDS, definition
from tests.unit.config.sources.test_kube import CRDS, SERVICES, service, watching

from convoy.api import codes
from convoy.api.kube.core import Secret, Service
from convoy.api.meta import ObjectKey
from convoy.cluster.apiserver.access import Decision
from convoy.config.kube import following
from convoy.config.sources.needs import Needs

SECRETS = "/api/v1/namespaces/default/secrets"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(following, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(following, "LONGEST_DELAY", 0.1)


@pytest.fixture
async def api():
    async with running_api(log_length=64) as api:
        for kind in ISTIO_KINDS:
            await api.create(CRDS, definition(kind))
        yield api


def secret(name, value="a"):
    data = {"key": base64.b64encode(value.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


def named_by_services(objects):
    """Every Service needs the Secret of its name."""
    return frozenset(ObjectKey("Secret", "default", each.metadata.name) for each in objects)


NEEDS = Needs(lambda obj: isinstance(obj, Service), named_by_services)


@contextlib.asynccontextmanager
async def needing(api):
    async with client_of(api.url) as client, watching(client, needs=NEEDS) as w:
        yield w


def values(watched):
    return {
        each.metadata.name: base64.b64decode(each.data["key"]).decode()
        for each in watched.held.view.all(Secret)
    }


async def test_only_what_is_needed_is_read_and_nothing_is_handed_over_without_it(api):
    for name in ("a", "b"):
        await api.create(SECRETS, secret(name))
    await api.create(SERVICES, service("a"))
    api.authorizer.asked.clear()
    async with needing(api) as w:
        assert (values(w), w.states.number) == ({"a": "a"}, 1)
        asked = {(each.namespace, each.name) for each in api.authorizer.asked if each.resource == "secrets"}
        assert asked == {("default", "a")}


async def test_what_is_needed_later_comes_with_what_needs_it(api):
    await api.create(SECRETS, secret("a"))
    async with needing(api) as w:
        assert values(w) == {}
        await api.create(SERVICES, service("a"))
        await w.wait(lambda w: w.ports())
        assert values(w) == {"a": "a"}
        await api.request("DELETE", f"{SERVICES}/a")
        await w.wait(lambda w: not w.ports())
        assert values(w) == {}


async def test_changes_of_it_are_noticed(api):
    await api.create(SERVICES, service("a"))
    async with needing(api) as w:
        assert values(w) == {}
        await api.create(SECRETS, secret("a"))
        await w.wait(values)
        await api.request("PUT", f"{SECRETS}/a", secret("a", "b"))
        await w.wait(lambda w: values(w) == {"a": "b"})
        await api.request("DELETE", f"{SECRETS}/a")
        await w.wait(lambda w: values(w) == {})


async def test_what_may_not_be_read_is_told_and_nothing_waits_for_it(api):
    await api.create(SERVICES, service("a"))
    await api.create(SECRETS, secret("a"))
    everything = api.authorizer.allows
    api.authorizer.allows = lambda user, asked: (
        Decision(False) if asked.resource == "secrets" else everything(user, asked)
    )
    async with needing(api) as w:
        assert w.ports() == {"a": 80}
        assert [problem.code for problem in w.held.problems] == [codes.CREDENTIAL_UNREADABLE]
        assert "kubectl create rolebinding" in w.held.problems[0].remedy
        api.authorizer.allows = everything
        await w.wait(values)
        assert w.held.problems == ()
