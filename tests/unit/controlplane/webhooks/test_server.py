"""Facts about the HTTP shell of the webhooks."""

import aiohttp
import pytest
from tests.unit.controlplane.conftest import serving_http
from tests.unit.controlplane.webhooks.reviews import review, rule

from convoy.controlplane.webhooks.reviews import Verdict
from convoy.controlplane.webhooks.server import webhooks_app


async def refuse(request):
    return Verdict(allowed=False, message=f"no {request.object['metadata']['name']}")


async def fail(request):
    raise RuntimeError("a fault")


@pytest.fixture
async def post():
    async with (
        serving_http(webhooks_app({"/validate": refuse, "/fail": fail})) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):

        async def ask(path, body):
            async with session.post(path, data=body) as answer:
                is_json = answer.content_type == "application/json"
                return answer.status, await answer.json() if is_json else await answer.text()

        yield ask


@pytest.mark.parametrize("path", ["/validate", "/validate?timeout=10s", "/validate/cluster/east"])
async def test_review_is_answered_with_a_review(post, path):
    status, answered = await post(path, review(rule()))
    assert status == 200
    assert answered["response"]["uid"] == "u-1"
    assert answered["response"]["status"]["message"] == "no a"


async def test_what_is_no_review_is_a_bad_request(post):
    assert (await post("/validate", b"{}"))[0] == 400


async def test_unknown_path_is_not_found(post):
    assert (await post("/validated", review(rule())))[0] == 404


async def test_fault_is_told_as_such(post):
    assert (await post("/fail", review(rule())))[0] == 500
