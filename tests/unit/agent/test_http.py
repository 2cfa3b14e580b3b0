"""Facts about the agent's small HTTP client and server."""

import pytest

from convoy.agent.http import parse_reply
from convoy.agent.http_server import Answer, build_reply, parse_head
from convoy.agent.listening import PATH as SERVING_PATH
from convoy.agent.readiness import PATH as READY_PATH
from convoy.agent.readiness import answer_readiness
from convoy.inject.listening import SERVING_PATH as INJECTED_PATH


def test_reply_with_a_length_is_read():
    reply = parse_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    assert (reply.status, reply.body) == (200, b"hello")


def test_chunked_reply_is_joined():
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    assert parse_reply(data).body == b"hello"


def test_not_modified_has_no_body():
    assert parse_reply(b"HTTP/1.1 304 Not Modified\r\n\r\n").status == 304


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_reply_that_was_cut_short_is_an_error(data):
    with pytest.raises(EOFError):
        parse_reply(data)


@pytest.mark.parametrize(
    ("head", "reason", "status"),
    [
        (b"GET /healthz/ready HTTP/1.1\r\n\r\n", "", b"200"),
        (b"GET /healthz/ready?x=1 HTTP/1.1\r\n\r\n", "", b"200"),
        (b"GET /healthz/ready HTTP/1.1\r\n\r\n", "not yet", b"503"),
        (b"GET /healthz/serving HTTP/1.1\r\n\r\n", "", b"503"),
        (b"GET /other HTTP/1.1\r\n\r\n", "", b"404"),
        (b"POST /healthz/ready HTTP/1.1\r\n\r\n", "", b"404"),
        (b"\r\n\r\n", "", b"404"),
    ],
)
async def test_readiness_is_told_on_its_paths_alone(head, reason, status):
    async def why_not():
        return reason

    async def why_not_serving():
        return "not serving"

    reasons = {READY_PATH: why_not, SERVING_PATH: why_not_serving}
    asked = parse_head(head)
    answer = await answer_readiness(asked, reasons) if asked else None
    assert (build_reply(answer).split()[1] if answer else b"404") == status
    assert answer is None or reason in answer.text


def test_injection_and_agent_agree_on_the_path_of_serving():
    assert SERVING_PATH == INJECTED_PATH


def test_head_of_a_request_is_read():
    asked = parse_head(b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nUser-Agent:  kube-probe/1.32 \r\n\r\n")
    assert (asked.path, asked.headers) == ("/a", {"host": "x", "user-agent": "kube-probe/1.32"})


def test_status_without_a_name_is_answered_all_the_same():
    assert build_reply(Answer(299, "odd")).startswith(b"HTTP/1.1 299 \r\n")
