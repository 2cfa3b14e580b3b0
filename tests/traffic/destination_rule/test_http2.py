"""HTTP/2 to endpoints: how many requests a connection has at a time, and whether it is still alive."""

import asyncio
import json

from tests.traffic.configuring import CLUSTER
from tests.traffic.destination_rule.server import OUTSIDE, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

HTTP = "trafficPolicy.connectionPool.http"
SIDECAR = "198.18.1.21"
"""echo-v1, whose proxy takes HTTP/2 where its application does not."""

# Takes one connection, says nothing but its settings, and tells when a PING and when the end came.
SILENT = """
import json, socket, time
listening = socket.create_server(("0.0.0.0", 7999))
listening.settimeout(10)
print("ready", flush=True)
peer, _ = listening.accept()
start = time.monotonic()
peer.settimeout(10)
stream = peer.makefile("rb")
stream.read(24)
peer.sendall(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
pinged = None
while True:
    head = stream.read(9)
    if len(head) < 9:
        break
    stream.read(int.from_bytes(head[:3], "big"))
    if head[3] == 6 and pinged is None:
        pinged = time.monotonic() - start
print(json.dumps([pinged, time.monotonic() - start]))
"""


@fields("DestinationRule", f"{HTTP}.maxConcurrentStreams")
async def test_a_connection_has_so_many_requests_at_a_time(lab: Lab) -> None:
    entry = server("streams", f"{{address: {SIDECAR}}}")
    pool = "connectionPool: {http: {h2UpgradePolicy: UPGRADE, maxConcurrentStreams: 1}}"
    async with lab.applied(entry, policy(pool, host="streams.test")):
        url = "http://streams.test:8000/delay/0.6"
        asked = [asyncio.create_task(lab.get("client", url)) for _ in range(8)]
        await asyncio.sleep(0.4)
        argv = ["ss", "-tnH", "state", "established", "dst", f"{SIDECAR}:8000"]
        shown = await lab.local.world.exec(CLUSTER, "default", "client", argv)
        answers = await asyncio.gather(*asked)
    assert [one.status for one in answers] == [200] * 8
    # Without the limit there would be one connection for each of two threads.
    assert len(shown.stdout.splitlines()) > 4, shown


@fields("DestinationRule", f"{HTTP}.http2KeepAlive.interval", f"{HTTP}.http2KeepAlive.timeout")
async def test_a_server_that_answers_no_ping_is_left(lab: Lab) -> None:
    entry = server("pinged", f"{{address: {OUTSIDE}}}", port=7999)
    pool = (
        "connectionPool: {http: {h2UpgradePolicy: UPGRADE, http2KeepAlive: {interval: 0.5s, timeout: 0.4s}}}"
    )
    async with lab.applied(entry, policy(pool, host="pinged.test")):
        told = asyncio.create_task(
            lab.local.world.exec(CLUSTER, "plain", "outside", ["python3", "-c", SILENT], timeout=20)
        )
        await asyncio.sleep(0.5)
        await lab.get("client", "http://pinged.test:8000/")
        result = await told
    pinged, ended = json.loads(result.stdout.splitlines()[-1])
    assert 0.4 < pinged < 3
    assert 0.3 < ended - pinged < 3
