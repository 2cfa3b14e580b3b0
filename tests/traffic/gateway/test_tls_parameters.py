"""Which TLS a gateway speaks: versions, cipher suites, curves."""

from ssl import TLSVersion

import pytest
from tests.traffic.fields import fields
from tests.traffic.gateway.objects import TLS_PORT, gateway, https, pair, route, secret
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC

URL = f"https://a.test:{TLS_PORT}/"
OLD = "ALL:@SECLEVEL=0"


async def spoken(lab: Lab, tls: dict[str, object], *clients: Tls) -> list[bool]:
    """Which of these clients a server with these settings speaks with."""
    files = secret("a", pair(lab.ca.issue(dns=("a.test",))))
    async with lab.applied(gateway(https("a.test", credentialName="a", **tls)), route(), files):
        return [(await lab.gateway(URL, tls=client)).status == 200 for client in clients]


V1_1 = Tls(least=TLSVersion.TLSv1_1, most=TLSVersion.TLSv1_1, ciphers=OLD)
V1_2 = Tls(least=TLSVersion.TLSv1_2, most=TLSVersion.TLSv1_2)
V1_3 = Tls(least=TLSVersion.TLSv1_3)


@fields("Gateway", "servers.tls.minProtocolVersion", "servers.tls.maxProtocolVersion")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize(
    ("least", "most", "wanted"),
    [
        ("", "", [False, True, True]),
        ("TLS_AUTO", "TLS_AUTO", [False, True, True]),
        ("TLSV1_1", "TLSV1_2", [True, True, False]),
        ("TLSV1_0", "TLSV1_1", [True, False, False]),
        ("TLSV1_3", "", [False, False, True]),
        ("TLSV1_2", "TLSV1_2", [False, True, False]),
        ("", "TLSV1_1", [True, False, False]),
    ],
)
async def test_versions_are_those_between_the_two(
    lab: Lab, least: str, most: str, wanted: list[bool]
) -> None:
    tls = {"minProtocolVersion": least, "maxProtocolVersion": most}
    old = {"cipherSuites": ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-GCM-SHA256"]}
    given = {name: value for name, value in tls.items() if value}
    assert await spoken(lab, {**given, **old}, V1_1, V1_2, V1_3) == wanted


@fields("Gateway", "servers.tls.cipherSuites")
async def test_only_listed_cipher_suites_are_taken(lab: Lab) -> None:
    names = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256")
    clients = [Tls(most=TLSVersion.TLSv1_2, ciphers=name) for name in names]
    assert await spoken(lab, {"cipherSuites": [names[0], "NO-SUCH-SUITE"]}, *clients) == [True, False]


@fields("Gateway", "servers.tls.ecdhCurves")
async def test_only_listed_curves_are_taken(lab: Lab) -> None:
    clients = [Tls(curve=name) for name in ("secp384r1", "prime256v1")]
    assert await spoken(lab, {"ecdhCurves": ["P-384"]}, *clients) == [True, False]
