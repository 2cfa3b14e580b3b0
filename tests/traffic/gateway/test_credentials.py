"""Certificates of gateways from Secrets: found, chosen by SNI, renewed, held back."""

import ssl
from datetime import timedelta

import pytest
from tests.kit.certificates import Authority
from tests.traffic.fields import fields
from tests.traffic.gateway.objects import TLS_PORT, gateway, https, pair, route, secret, server
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC

TLS_1_2 = ssl.TLSVersion.TLSv1_2
A, B = f"https://a.test:{TLS_PORT}/", f"https://b.test:{TLS_PORT}/"


def trusting(lab: Lab) -> Tls:
    return Tls(ca=lab.ca.root_pem)


@fields("Gateway", "servers.tls.credentialName", "servers.tls.mode = SIMPLE", "servers.port.protocol")
async def test_the_certificate_of_a_server_is_that_of_its_secret(lab: Lab) -> None:
    a, b = lab.ca.issue(dns=("a.test",)), lab.ca.issue(dns=("b.test",))
    generic = {"cert": b.chain_pem, "key": b.key_pem}
    servers = (https("a.test", credentialName="a"), https("b.test", credentialName="b", name="b"))
    async with lab.applied(gateway(*servers), route(), secret("a", pair(a)), secret("b", generic)):
        found = [await lab.gateway(url, tls=trusting(lab)) for url in (A, B)]
        other = await lab.gateway(f"https://c.test:{TLS_PORT}/", tls=Tls())
    assert [(answer.status, answer.server) for answer in found] == [(200, ("a.test",)), (200, ("b.test",))]
    assert other.status == 0


async def test_a_renewed_certificate_is_shown_to_new_connections_and_cuts_no_old_one(lab: Lab) -> None:
    def objects(serial: str) -> tuple[str, ...]:
        issued = lab.ca.issue(dns=("a.test", serial))
        return (gateway(https("a.test", credentialName="a")), route(), secret("a", pair(issued)))

    async with lab.applied(*objects("old.test")):
        before = await lab.stats("istio-ingressgateway", "listener_manager.*(modified|drain|updated)")
        sock = trusting(lab).wrap(await lab.dial_gateway(TLS_PORT), "a.test")
    with sock:
        async with lab.applied(*objects("new.test")):
            answer = await lab.gateway(A, tls=trusting(lab))
            sock.sendall(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n")
            still = sock.recv(64)
            after = await lab.stats("istio-ingressgateway", "listener_manager.*(modified|drain|updated)")
    assert answer.server == ("a.test", "new.test")
    assert still.startswith(b"HTTP/1.1 200")
    assert after == before


@fields("Gateway", "servers.tls.credentialNames")
async def test_each_client_gets_the_certificate_that_it_can_use(lab: Lab) -> None:
    rsa, ec = lab.ca.issue(dns=("a.test", "rsa.test"), is_rsa=True), lab.ca.issue(dns=("a.test", "ec.test"))
    files = (secret("rsa", pair(rsa)), secret("ec", pair(ec)))
    async with lab.applied(gateway(https("a.test", credentialNames=["rsa", "ec"])), route(), *files):
        found = [
            (await lab.gateway(A, tls=Tls(ciphers=f"ECDHE-{kind}-AES128-GCM-SHA256", most=TLS_1_2))).server
            for kind in ("RSA", "ECDSA")
        ]
    assert found == [("a.test", "rsa.test"), ("a.test", "ec.test")]


BROKEN = {
    "CVY0310": lambda ca: "",
    "CVY0311": lambda ca: secret("a", {"tls.crt": b"no certificate", "tls.key": b"no key"}),
    "CVY0312": lambda ca: secret(
        "a", {"tls.crt": ca.issue(dns=("a.test",)).chain_pem, "tls.key": ca.issue(dns=("a.test",)).key_pem}
    ),
    "CVY0313": lambda ca: secret("a", pair(ca.issue(dns=("a.test",), age=timedelta(hours=2)))),
}


@pytest.mark.parametrize("code", BROKEN)
async def test_a_secret_that_cannot_be_used_holds_back_its_own_server_alone(lab: Lab, code: str) -> None:
    good = secret("b", pair(lab.ca.issue(dns=("b.test",))))
    servers = (
        https("a.test", credentialName="a"),
        https("b.test", credentialName="b", name="b"),
        server("HTTP"),
    )
    made = (gateway(*servers), route(), good, BROKEN[code](lab.ca))
    async with lab.applied(*made, clean=False) as problems:
        found = [(await lab.gateway(url, tls=Tls())).status for url in (A, B, "http://a.test/")]
    assert found == [0, 200, 200]
    assert [each["code"] for each in problems if each["level"] == "error"] == [code]
    assert "PRIVATE KEY" not in str(problems)


@fields("Gateway", "servers.name")
async def test_a_server_is_called_by_its_name(lab: Lab) -> None:
    servers = ({**https("a.test", credentialName="a"), "name": "shop"}, server("HTTP"))
    async with lab.applied(gateway(*servers), clean=False) as problems:
        (told,) = (each["message"] for each in problems if each["level"] == "error")
    held_back = 'Listener 0.0.0.0:31443 ("shop") is held back; port 80 still serves.'
    assert told.startswith(f"Secret istio-system/a was not found. {held_back}")


async def test_a_secret_of_another_namespace_is_of_no_use(lab: Lab) -> None:
    foreign = secret("a", pair(lab.ca.issue(dns=("a.test",))), namespace="default")
    made = (gateway(https("a.test", credentialName="a"), namespace="default"), foreign)
    made += (route(gateways=("default/tested",)),)
    async with lab.applied(*made, clean=False) as problems:
        assert (await lab.gateway(A, tls=Tls())).status == 0
    assert [each["code"] for each in problems if each["level"] == "error"] == ["CVY0310"]


async def test_no_dump_shows_a_key(lab: Lab) -> None:
    issued = Authority().issue(dns=("a.test",))
    made = (gateway(https("a.test", credentialName="a")), route(), secret("a", pair(issued)))
    async with lab.applied(*made):
        dumped = str(await lab.dump("istio-ingressgateway", "dynamic_active_secrets"))
        told = [await lab.configuration.debug(path) for path in ("/debug/proxies", "/debug/statistics")]
    body = issued.key_pem.decode().splitlines()[1]
    assert "kubernetes://istio-system/a" in dumped
    assert body not in dumped + str(told)
    assert "PRIVATE KEY" not in dumped + str(told)
