"""Whom the API server believes, with real tokens, a real registry, and no more than they prove."""

import base64

import pytest
from multidict import CIMultiDict

from convoy.cluster.apiserver.access import Decision
from convoy.cluster.apiserver.auth.admin_tokens import load_admin_token
from convoy.cluster.apiserver.auth.authenticators import (
    API_AUDIENCES,
    BearerAuthenticator,
    ServiceAccountTokens,
)
from convoy.cluster.apiserver.auth.token_reviews import TokenReviews
from convoy.cluster.apiserver.dependencies import Review
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import ADMIN, DeleteOptions, WriteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store
from convoy.cluster.tokens import load_issuer
from convoy.kit.clock import SYSTEM_CLOCK


class Permissions:
    """Allows (resource, name) pairs to everybody."""

    def __init__(self):
        self.allowed = set()

    def allows(self, user, attributes):
        return Decision((attributes.resource, attributes.name) in self.allowed)


class Place:
    """A cluster with a service account `default/app`."""

    def __init__(self, tmp_path, registry):
        self.registry = registry
        self.issuer = load_issuer(tmp_path / "issuer.key")
        self.admin = load_admin_token(tmp_path / "admin.token")
        self.permissions = Permissions()
        accounts = ServiceAccountTokens(self.issuer, registry)
        self.authenticator = BearerAuthenticator(self.admin, accounts, self.permissions)
        self.reviews = TokenReviews(self.issuer, registry, accounts, SYSTEM_CLOCK)

    def user(self, token="", **headers):
        given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        if token:
            given["Authorization"] = f"Bearer {token}"
        return self.authenticator.user_of(given)

    def resource(self, storage):
        return self.registry.resources.stored(storage)

    async def create(self, storage, obj, namespace="default"):
        made = await self.registry.create(self.resource(storage), namespace, obj, WriteOptions())
        return made.object["metadata"]["uid"]

    async def delete(self, storage, name):
        now = DeleteOptions(grace_period_seconds=0)
        await self.registry.delete(self.resource(storage), "default", name, now, WriteOptions())

    def request_token(self, **spec):
        resource = self.resource("serviceaccounts")
        review = Review(resource, "default", "app", "token", {"spec": spec}, ADMIN, WriteOptions())
        return self.reviews.request(review)

    def review(self, token, **spec):
        resource = self.registry.resources.find("authentication.k8s.io", "v1", "tokenreviews")
        body = {"spec": {"token": token, **spec}}
        return self.reviews.review(Review(resource, "", "", "", body, ADMIN, WriteOptions()))["status"]


@pytest.fixture
async def place(tmp_path):
    store = Store(None)
    store.open()
    schemas, table = Schemas(), ResourceTable(BUILTIN)
    registry = Registry(store=store, resources=table, schemas=schemas, clock=SYSTEM_CLOCK)
    place = Place(tmp_path, registry)
    await place.create("namespaces", {"metadata": {"name": "default"}}, "")
    await place.create("serviceaccounts", {"metadata": {"name": "app"}})
    yield place
    store.close()


async def test_nobody_is_believed_without_a_token(place):
    assert place.user() is None
    assert place.user("") is None
    assert place.user("wrong") is None
    assert place.user(Authorization="Basic eA==") is None


async def test_admin_token_is_the_administrator(place, tmp_path):
    token = place.admin.reveal().decode()
    assert place.user(token) == ADMIN
    assert load_admin_token(tmp_path / "admin.token") == place.admin
    assert token not in repr(place.admin)


async def test_account_token_proves_the_account_and_its_groups(place):
    user = place.user(place.request_token()["status"]["token"])
    assert user.name == "system:serviceaccount:default:app"
    assert user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    )


async def test_websocket_subprotocol_may_carry_the_token(place):
    text = base64.urlsafe_b64encode(place.admin.reveal()).decode().rstrip("=")
    protocols = f"v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.{text}"
    assert place.user(Sec_WebSocket_Protocol=protocols) == ADMIN


async def test_token_for_others_does_not_open_the_api(place):
    token = place.request_token(audiences=["istio-ca"])["status"]["token"]
    assert place.user(token) is None
    assert place.review(token, audiences=["istio-ca", "x"])["audiences"] == ["istio-ca"]


async def test_expired_token_proves_nothing(place):
    token = place.issuer.issue("default", "app", audiences=API_AUDIENCES, expiry=0)
    assert place.user(token) is None
    assert place.review(token)["error"] == "the token has expired"


async def test_token_of_another_cluster_proves_nothing(place, tmp_path):
    other = load_issuer(tmp_path / "other.key")
    token = other.issue("default", "app", audiences=API_AUDIENCES, expiry=3600)
    assert place.user(token) is None


async def test_token_dies_with_its_account(place):
    token = place.request_token()["status"]["token"]
    await place.delete("serviceaccounts", "app")
    assert place.user(token) is None
    await place.create("serviceaccounts", {"metadata": {"name": "app"}})  # a new one of the same name
    assert place.user(token) is None


async def test_token_dies_with_the_pod_it_is_bound_to(place):
    pod = {
        "metadata": {"name": "p"},
        "spec": {"serviceAccountName": "app", "containers": [{"name": "c", "image": "i"}]},
    }
    uid = await place.create("pods", pod)
    bound = place.request_token(boundObjectRef={"kind": "Pod", "name": "p", "apiVersion": "v1"})
    token = bound["status"]["token"]
    assert place.user(token).extra["authentication.kubernetes.io/pod-uid"] == (uid,)
    await place.delete("pods", "p")
    assert place.user(token) is None


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        ({"expirationSeconds": 60}, 422, "less than 10 minutes"),
        ({"boundObjectRef": {"kind": "Pod", "name": "none"}}, 404, "not found"),
        ({"boundObjectRef": {"kind": "Service", "name": "x"}}, 400, "cannot bind token"),
    ],
)
async def test_token_request_that_cannot_be_met_is_refused(place, spec, code, words):
    with pytest.raises(StatusError, match=words) as refused:
        place.request_token(**spec)
    assert refused.value.code == code


async def test_review_says_who_a_token_is(place):
    token = place.request_token()["status"]["token"]
    status = place.review(token)
    assert status["authenticated"] is True
    assert status["user"]["username"] == "system:serviceaccount:default:app"
    assert "error" in place.review("rubbish")


async def test_only_who_may_impersonate_acts_as_somebody_else(place):
    token = place.request_token()["status"]["token"]
    with pytest.raises(StatusError, match='cannot impersonate resource "users"'):
        place.user(token, Impersonate_User="jane")
    place.permissions.allowed.add(("users", "jane"))
    assert place.user(token, Impersonate_User="jane").name == "jane"
    with pytest.raises(StatusError, match='cannot impersonate resource "groups"'):
        place.user(token, Impersonate_User="jane", Impersonate_Group="system:masters")


@pytest.mark.parametrize("header", ["Impersonate_Group", "Impersonate_Uid", "Impersonate_Extra_scopes"])
def test_who_impersonates_without_a_user_does_not_act_as_themselves(place, header):
    with pytest.raises(StatusError, match="without a user"):
        place.user(place.admin.reveal().decode(), **{header: "view"})
