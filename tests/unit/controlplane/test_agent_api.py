"""Facts about the API for agents, asked over real TLS with the control plane's own certificate."""

import asyncio

import msgspec
import pytest
from cryptography import x509
from tests.unit.controlplane.conftest import Agent, Asked, Authority, serving_agents

from convoy.api.agents import ProbeAnswer
from convoy.api.istio.workload_group import ReadinessProbe, TcpSocketProbe
from convoy.ca.errors import IssuerError, VerifierError
from convoy.ca.issuers import Intermediate
from convoy.ca.keys import build_csr, new_key
from convoy.ca.tokens import TokenSubject
from convoy.ca.wire import CertificateRequest
from convoy.controlplane.agent_api import Probes
from convoy.dns.table import build_name_table, parse_name_table
from convoy.kit.latest import LatestValue

FIRST = build_name_table({"reviews": ["10.0.0.1"]})
SECOND = build_name_table({"reviews": ["10.0.0.2"]})


def request_body() -> bytes:
    return msgspec.json.encode(CertificateRequest(csr=build_csr(new_key()).decode()))


async def post(agent: Agent, body: bytes, *, authorization: str | None = None) -> Asked:
    return await agent.ask("POST", "/v1/certificates", authorization=authorization, data=body)


async def names_of(agent: Agent, query: str = "", *, authorization: str | None = None) -> Asked:
    return await agent.ask("GET", f"/v1/names{query}", authorization=authorization)


async def test_a_certificate_is_for_the_account_of_the_token_alone(authority: Authority) -> None:
    async with serving_agents(authority) as (agent, _):
        answer = await post(agent, request_body())
    assert answer.status == 200
    chain, roots = answer.json()["chain"], answer.json()["roots"]
    assert isinstance(chain, list)
    leaf, intermediate = (x509.load_pem_x509_certificate(pem.encode()) for pem in chain)
    leaf.verify_directly_issued_by(intermediate)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["spiffe://cluster.local/ns/default/sa/bookinfo-reviews"]
    assert roots == [pem.decode() for pem in authority.intermediate.roots_pem]


@pytest.mark.parametrize("path", ["/v1/certificates", "/v1/names", "/v1/probe", "/v1/bootstrap"])
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nonsense", "Basic dXNlcjpwdw=="])
async def test_who_brings_no_token_is_refused(authority: Authority, path: str, authorization: str) -> None:
    async with serving_agents(authority) as (agent, names):
        names.set({"default": FIRST})
        method = "POST" if path in ("/v1/certificates", "/v1/bootstrap") else "GET"
        answer = await agent.ask(method, path, authorization=authorization, data=request_body())
    assert (answer.status, answer.json()["code"]) == (401, "unauthenticated")


class Silent:
    """Whoever could check tokens gives no answer."""

    async def verify(self, token: str) -> TokenSubject:
        raise VerifierError("The token cannot be checked now.")


@pytest.mark.parametrize("path", ["/v1/certificates", "/v1/names", "/v1/probe"])
async def test_token_that_cannot_be_checked_now_is_not_refused_for_good(path: str) -> None:
    authority = Authority()
    authority.verifier = Silent()
    async with serving_agents(authority) as (agent, _):
        method = "POST" if path == "/v1/certificates" else "GET"
        answer = await agent.ask(method, path, data=request_body())
    assert (answer.status, answer.json()["code"]) == (503, "unavailable")


async def test_tokens_for_others_or_of_other_clusters_are_refused(authority: Authority) -> None:
    foreign = [authority.token(audience="https://kubernetes.default.svc"), Authority().token()]
    async with serving_agents(authority) as (agent, names):
        names.set({"default": FIRST})
        for token in foreign:
            header = f"Bearer {token}"
            assert (await post(agent, request_body(), authorization=header)).status == 401
            assert (await names_of(agent, authorization=header)).status == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"csr": 1}', b'{"csr": "nonsense"}', b"\xff", b"{}"])
async def test_a_body_that_is_no_request_is_refused_with_a_reason(authority: Authority, body: bytes) -> None:
    async with serving_agents(authority) as (agent, _):
        answer = await post(agent, body)
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["message"]


@pytest.mark.parametrize("path", ["/v1/certificates", "/v1/bootstrap"])
async def test_a_body_nested_too_deep_is_refused_with_a_reason(authority: Authority, path: str) -> None:
    body = b'{"a":' * 5000 + b"1" + b"}" * 5000
    async with serving_agents(authority) as (agent, _):
        answer = await agent.ask("POST", path, data=body)
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")


async def test_a_body_without_end_is_not_read(authority: Authority) -> None:
    async with serving_agents(authority) as (agent, _):
        assert (await post(agent, b" " * (64 * 1024 + 1))).status == 413


async def test_a_ca_that_cannot_sign_is_unavailable(authority: Authority) -> None:
    def fail() -> Intermediate:
        raise IssuerError("The CA has expired.")

    async with serving_agents(authority, fail) as (agent, _):
        answer = await post(agent, request_body())
    assert (answer.status, answer.json()) == (503, {"code": "unavailable", "message": "The CA has expired."})


async def test_names_are_those_of_the_callers_namespace(authority: Authority) -> None:
    async with serving_agents(authority) as (agent, names):
        names.set({"default": FIRST, "other": SECOND})
        assert parse_name_table((await names_of(agent)).body) == FIRST
        header = f"Bearer {authority.token(namespace='other')}"
        assert parse_name_table((await names_of(agent, authorization=header)).body) == SECOND


async def test_a_namespace_without_names_is_answered_with_an_empty_table(authority: Authority) -> None:
    async with serving_agents(authority) as (agent, names):
        names.set({})
        table = parse_name_table((await names_of(agent)).body)
    assert table.names == {}
    assert table.version


@pytest.mark.parametrize("wait", ["", "&wait=0", "&wait=-1", "&wait=soon", "&wait=nan", "&wait=0.01"])
async def test_names_that_did_not_change_are_not_sent_again(authority: Authority, wait: str) -> None:
    async with serving_agents(authority) as (agent, names):
        names.set({"default": FIRST})
        assert await names_of(agent, f"?version={FIRST.version}{wait}") == Asked(304, b"")


async def test_before_the_first_view_there_is_nothing_to_say(authority: Authority) -> None:
    async with serving_agents(authority) as (agent, _):
        assert await names_of(agent, "?wait=0.01") == Asked(304, b"")


async def test_a_caller_that_waits_is_answered_by_the_change_that_concerns_it(authority: Authority) -> None:
    async with serving_agents(authority) as (agent, names):
        names.set({"default": FIRST})
        waiting = asyncio.create_task(names_of(agent, f"?version={FIRST.version}&wait=60"))
        # Changes for others, among them some that come before the question, answer nothing.
        for number in range(20):
            names.set({"default": FIRST, "other": build_name_table({f"n{number}": ["10.0.0.3"]})})
            await asyncio.sleep(0.005)
        assert not waiting.done()
        names.set({"default": SECOND})
        assert parse_name_table((await waiting).body) == SECOND


async def test_a_member_is_told_its_groups_probe_and_others_that_there_is_none(authority: Authority) -> None:
    probes: LatestValue[Probes] = LatestValue()
    name = await _name_of_asker(authority)
    probe = ReadinessProbe(tcp_socket=TcpSocketProbe(port=5432))
    async with serving_agents(authority, probes=probes) as (agent, _):
        probes.set({"other.default": probe})
        none = await agent.ask("GET", "/v1/probe?wait=5")
        waiting = asyncio.create_task(agent.ask("GET", f"/v1/probe?wait=5&version={none.json()['version']}"))
        probes.set({name: probe})
        told = await waiting
        same = await agent.ask("GET", f"/v1/probe?version={told.json()['version']}")
    assert (none.status, none.json()["probe"]) == (200, None)
    assert msgspec.json.decode(told.body, type=ProbeAnswer).probe == probe
    assert same.status == 304


async def _name_of_asker(authority: Authority) -> str:
    subject = await authority.verifier.verify(authority.token())
    return f"{subject.pod_name}.{subject.namespace}"
