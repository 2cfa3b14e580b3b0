"""Random requests from our own OpenAPI: a Status for everything that is refused, and never a 500."""

import random

from cryptography.hazmat.primitives.asymmetric import ec
from tests.cluster.apiserver.fuzzing import SEEDS, Fuzzer
from tests.kit.api_server import running_api

from convoy.cluster.apiserver.auth.access_reviews import Reviews
from convoy.cluster.apiserver.auth.authenticators import ServiceAccountTokens
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.apiserver.auth.token_reviews import TokenReviews
from convoy.cluster.tokens import TokenIssuer
from convoy.kit.clock import SYSTEM_CLOCK

REQUESTS = 1500
SEED_AGAIN_AFTER = 50
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def reviewer(registry):
    issuer = TokenIssuer(ec.generate_private_key(ec.SECP256R1()))
    tokens = TokenReviews(issuer, registry, ServiceAccountTokens(issuer, registry), SYSTEM_CLOCK)
    return Reviews(RbacAuthorizer(registry.store), tokens)


async def plant(api):
    """What the requests are about; some of it may be there, or may be going."""
    for path, obj in SEEDS.items():
        await api.request("POST", path, {"metadata": {"name": "a"}, **obj})


def complaint(request, reply):
    """What is wrong with an answer, if anything is."""
    if reply.status == 500 or b"Traceback" in reply.body:
        return "the server failed"
    if reply.status < 400 or request.method == "HEAD" or reply.body == b"404 page not found\n":
        return ""
    body = reply.json()
    is_status = (body["kind"], body["status"], body["code"]) == ("Status", "Failure", reply.status)
    return "" if is_status and body["message"] and body["reason"] else "no Status"


async def test_random_requests_are_served_or_refused_with_a_status(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    source = random.Random(seed)
    async with running_api(tmp_path / "objects.db", log_length=50, reviewer=reviewer) as api:
        fuzzer = Fuzzer(await api.get("/openapi/v2"))
        served = 0
        for number in range(REQUESTS):
            if number % SEED_AGAIN_AFTER == 0:
                await plant(api)
            request = fuzzer.request(source)
            reply = await api.request(request.method, request.path, request.body, headers=request.headers)
            wrong = complaint(request, reply)
            assert not wrong, f"{wrong}; seed {seed}, number {number}: {request}, {reply}"
            served += reply.status < 300
        assert served > REQUESTS / 10  # or the requests were too odd to reach anything
        before = await everything(api)
    async with running_api(tmp_path / "objects.db") as api:
        assert await everything(api) == before, seed


async def everything(api):
    """All objects as they are listed; each list must also do as a Table."""
    found = {}
    for resource in api.registry.resources:
        if "list" in resource.verbs:
            path = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
            assert (await api.get(f"{path}/{resource.plural}", Accept=TABLE))["kind"] == "Table"
            found[resource] = (await api.get(f"{path}/{resource.plural}"))["items"]
    return found
