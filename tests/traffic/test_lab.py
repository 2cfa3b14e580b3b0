"""The lab itself: what the other tests rest on."""

import pytest
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC

MISSPELT = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: odd, namespace: default}
spec: {hosts: [echo], htp: []}
"""


async def test_every_kind_of_server_answers(lab: Lab) -> None:
    found = await lab.many("client", "http://echo:8000/", 60)
    assert set(found) == {"echo-v1", "echo-v2", "echo-v3"}
    assert (await lab.line("client", "echo", 9000)).endswith(" hello")
    assert await lab.line("outside", "198.18.1.41", 9001, greeted=True) == "outside hello"
    assert await lab.websocket("client", "http://198.18.1.41/ws", "a", "b") == ["outside a", "outside b"]
    called = await lab.grpc("client", "echo:7000", metadata={"a": "b"})
    assert (called.code, called.seen["a"]) == (0, "b")


async def test_tls_tells_names_and_certificates_of_both_sides(lab: Lab) -> None:
    own = lab.ca.issue(dns=("me.test",))
    tls = Tls(sni="tls.test", ca=lab.ca.root_pem, client=(own.key_pem, own.chain_pem))
    answer = await lab.get("outside", "https://tls.test/", at="198.18.1.41", tls=tls)
    assert (answer.seen.sni, answer.seen.client) == ("tls.test", ("me.test",))
    assert "tls.test" in answer.server


async def test_a_name_outside_is_resolved_and_answers(lab: Lab) -> None:
    answer = await lab.get("outside", "http://api.outside.test/x")
    assert (answer.status, answer.told["host"]) == (200, "api.outside.test")


async def test_what_the_control_plane_refuses_is_told(lab: Lab) -> None:
    with pytest.raises(AssertionError, match=r"spec\.htp"):
        async with lab.applied(MISSPELT):
            pass
    async with lab.applied(MISSPELT, clean=False) as problems:
        assert [each["field"] for each in problems] == ["spec.htp"]
    assert (await lab.get("client", "http://echo:8000/")).status == 200


async def test_what_was_taken_back_is_gone_with_the_next_request(lab: Lab) -> None:
    rule = MISSPELT.replace(
        "htp: []", "http: [{match: [{uri: {exact: /x}}], route: [{destination: {host: echo}}]}]"
    )
    async with lab.applied(rule):
        assert (await lab.get("client", "http://echo:8000/")).status == 404
    assert (await lab.get("client", "http://echo:8000/")).status == 200
