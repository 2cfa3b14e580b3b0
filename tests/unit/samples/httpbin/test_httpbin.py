"""httpbin tells what it was asked, and answers as it is told to."""

import base64
import time

import pytest
from aiohttp.test_utils import TestClient, TestServer

import httpbin


@pytest.fixture
async def client():
    async with TestClient(TestServer(httpbin.build())) as client:
        yield client


async def test_get_tells_arguments_headers_and_url(client):
    answer = await (await client.get("/get?a=1&a=2&b=3", headers={"x-request-id": "r"})).json()
    assert answer["args"] == {"a": ["1", "2"], "b": "3"}
    assert answer["headers"]["X-Request-Id"] == "r"
    assert answer["url"].endswith("/get?a=1&a=2&b=3")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
async def test_body_is_told_as_text_and_json(client, method):
    answer = await (await client.request(method, f"/{method}", json={"a": [1]})).json()
    assert (answer["data"], answer["json"]) == ('{"a": [1]}', {"a": [1]})


async def test_form_is_told_field_by_field(client):
    answer = await (await client.post("/post", data={"a": "1"})).json()
    assert (answer["form"], answer["data"]) == ({"a": "1"}, "")


async def test_anything_takes_every_method_and_path(client):
    answer = await (await client.put("/anything/below/it")).json()
    assert (answer["method"], answer["url"].endswith("/anything/below/it")) == ("PUT", True)


@pytest.mark.parametrize("code", [200, 204, 404, 418, 503])
async def test_status_is_the_one_asked_for(client, code):
    assert (await client.get(f"/status/{code}")).status == code


async def test_status_is_drawn_by_weight(client):
    codes = {(await client.get("/status/200:0,503:1")).status for _ in range(20)}
    assert codes == {503}


@pytest.mark.parametrize(
    "path",
    [
        "/status/abc",
        "/status/99",
        "/delay/x",
        "/redirect-to?status_code=x",
        "/drip?code=1",
        "/base64/a",
        "/bytes/x",
    ],
)
async def test_nonsense_is_a_bad_request(client, path):
    assert (await client.get(path)).status == 400


async def test_delay_answers_later(client):
    began = time.monotonic()
    assert (await client.get("/delay/0.2")).status == 200
    assert time.monotonic() - began >= 0.2


async def test_redirects_end_at_get(client):
    answer = await client.get("/redirect/3")
    assert (answer.status, answer.url.path, len(answer.history)) == (200, "/get", 3)


async def test_cookies_come_back(client):
    assert (await (await client.get("/cookies/set?a=b")).json())["cookies"] == {"a": "b"}


async def test_authorization_is_checked(client):
    good = base64.b64encode(b"me:secret").decode()
    assert (await client.get("/basic-auth/me/secret")).status == 401
    assert (await client.get("/basic-auth/me/secret", headers={"Authorization": f"Basic {good}"})).ok
    assert (await client.get("/bearer")).status == 401
    assert (await client.get("/bearer", headers={"Authorization": "Bearer t"})).ok


@pytest.mark.parametrize("path", ["/gzip", "/deflate"])
async def test_packed_answers_unpack(client, path):
    assert (await (await client.get(path)).json())["headers"]["Host"]


async def test_streams_have_their_length(client):
    assert len(await (await client.get("/bytes/100")).read()) == 100
    assert len((await (await client.get("/stream/3")).read()).splitlines()) == 3
    assert await (await client.get("/drip?numbytes=4&duration=0")).read() == b"****"


async def test_headers_of_the_answer_are_the_ones_asked_for(client):
    answer = await client.get("/response-headers?X-A=b")
    assert answer.headers["X-A"] == "b"
    assert "X-A" not in (await client.get("/response-headers?X-A=b%0d%0aX-B:c")).headers
