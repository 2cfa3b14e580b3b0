"""Play an agent's life in namespaces of its own, and print what was observed as JSON.

usage: python -m tests.envoy.agent_scenarios sidecar|router
Runs as the first process of a PID namespace: whatever it starts ends with it.
"""

import asyncio
import json
import os
import signal
import ssl
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from tests.envoy.agent_network import NODE_IP, POD_IP
from tests.envoy.agent_node import ControlPlane, cluster_dns
from tests.envoy.agent_pod import ENVIRONMENT, ISSUER, PROBES, Cluster, Pod
from tests.envoy.agent_resources import ROUTER_RESOURCES, SIDECAR_RESOURCES
from tests.envoy.agent_watching import (
    agent_pid,
    asked_by_kubelet,
    ended,
    envoy_is_gone,
    envoy_pid,
    is_ready,
    memory,
    readiness,
    until,
    upstreams,
)

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.ca.keys import certificate_to_pem

DNS_RECORDS = {
    "istiod.istio-system.svc.cluster.local.": NODE_IP,
    "loop.example.": NODE_IP,
    "outside.example.": "192.0.2.5",
}
NAMES = {
    "reviews.default.global": ["240.0.0.3"],
    "loop.example": ["240.0.0.9"],
}


async def report_peer(reader, writer):
    """A server that tells each caller the address it came from."""
    writer.write(writer.get_extra_info("peername")[0].encode())
    writer.close()


class UdpReportsPeer(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        self._transport.sendto(addr[0].encode(), addr)


async def play_sidecar(pod, log):
    cluster = Cluster()
    plane = ControlPlane(
        jwks=cluster.jwks(), issuer=ISSUER, resources=SIDECAR_RESOURCES, ttl=timedelta(hours=1), names=NAMES
    )
    pod.put_files(cluster.token("app"), plane.root)
    seen = {}
    loop = asyncio.get_running_loop()
    await asyncio.start_server(report_peer, NODE_IP, 7000)
    await loop.create_datagram_endpoint(UdpReportsPeer, local_addr=(NODE_IP, 7001))
    app = await asyncio.create_subprocess_exec(
        *pod.command(sys.executable, "-m", "tests.envoy.agent_app"),
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    await app.stdout.readline()
    async with cluster_dns(DNS_RECORDS):
        agent = await pod.start_agent("sidecar", log)
        seen["before_control_plane"] = await until(lambda: _not_zero(readiness))
        await plane.start()
        seen["ready"] = await until(is_ready)
        seen["peers"] = plane.peers
        seen |= await observe_capture(pod)
        seen["from_outside"] = await _call(POD_IP, 8000)
        seen["upstreams"] = upstreams(pod.run(sys.executable, "-c", _GET, "http://127.0.0.1:15000/clusters"))
        seen["memory"] = memory()
        seen["probes"] = await observe_probes()
        agent = await observe_deaths(pod, agent, log, seen)
        await observe_stop(agent, log, seen)
        await until_ended(app)
        agent = await pod.start_agent("sidecar", log)
        await until(is_ready)
        seen["probes_of_dead_app"] = await observe_probes()
        os.kill(agent_pid(), signal.SIGTERM)
        seen["status_after_sigterm"] = await ended(agent)
        seen["envoy_gone_after_sigterm"] = await envoy_is_gone()
        await plane.stop()
    return seen


async def observe_probes():
    """The statuses that a kubelet sees, by probe."""
    asked = {path: await asked_by_kubelet(15020, path) for path in (*PROBES, "/app-health/app/other")}
    return {path.rpartition("/")[2]: status for path, (status, _) in asked.items()}


async def observe_capture(pod):
    known, own = "reviews.default.global.", POD_IP
    return await pod.probe(
        outbound=["connect", [NODE_IP, 7000], {}],
        vip=["connect", ["240.0.0.3", 9080], {}],
        loopback_vip=["connect", ["127.255.0.3", 9080], {}],
        loopback=["connect", ["127.0.0.1", 8000], {}],
        own_address=["connect", [own, 8000], {}],
        own_address_by_proxy=["connect", [own, 8000], {"mark": True}],
        app_by_proxy=["connect", [own, 8000], {"mark": True, "source": "127.0.0.6"}],
        marked=["connect", [NODE_IP, 7000], {"mark": True}],
        udp=["send_udp", [NODE_IP, 7001], {}],
        ping=["ping", [NODE_IP], {}],
        dns=["ask", [known, NODE_IP], {}],
        dns_aaaa=["ask", [known, NODE_IP], {"rdtype": "AAAA"}],
        dns_tcp=["ask", [known, NODE_IP], {"tcp": True}],
        dns_elsewhere=["ask", [known, "198.18.9.77"], {}],
        dns_unknown=["ask", ["outside.example.", NODE_IP], {}],
        dns_forwarder=["ask", [known, "127.0.0.1"], {"port": 15054}],
        dns_first_use_of_port=["ask", [known, NODE_IP], {"source_port": 40000}],
        dns_same_port_marked=["ask", [known, NODE_IP], {"source_port": 40000, "mark": True}],
        short_name=["resolve", ["reviews.default"], {}],
        outside_name=["resolve", ["outside.example"], {}],
        nowhere=["resolve", ["nowhere.example"], {}],
    )


async def observe_deaths(pod, agent, log, seen):
    """What remains after the agent is killed and after Envoy is killed; the next agent."""
    os.kill(agent_pid(), signal.SIGKILL)
    await ended(agent)
    seen["envoy_gone_after_agent_killed"] = await until(envoy_is_gone, seconds=10)
    agent = await pod.start_agent("sidecar", log)
    seen["ready_again"] = await until(is_ready)
    os.kill(envoy_pid(), signal.SIGKILL)
    seen["status_after_envoy_killed"] = await ended(agent)
    agent = await pod.start_agent("sidecar", log)
    await until(is_ready)
    return agent


async def observe_stop(agent, log, seen):
    """An agent that is told to end while a connection is open."""
    streams = await asyncio.open_connection(POD_IP, 8003)
    await _echoes(streams)
    os.kill(agent_pid(), signal.SIGTERM)
    await until(lambda: _stopping(log))
    seen["while_stopping"] = [await _echoes(streams), await readiness()]
    streams[1].close()
    seen["status_after_the_last_connection"] = await ended(agent)


async def until_ended(app):
    app.kill()
    await app.wait()


async def _stopping(log):
    return "agent: stopping" in text_of(log)


async def play_router(pod, log):
    cluster = Cluster()
    plane = ControlPlane(
        jwks=cluster.jwks(), issuer=ISSUER, resources=ROUTER_RESOURCES, ttl=timedelta(seconds=3), names={}
    )
    pod.put_files(cluster.token("app", audience="elsewhere"), plane.root)
    seen = {}
    async with cluster_dns(DNS_RECORDS):
        await plane.start()
        agent = await pod.start_agent("router", log)
        seen["with_foreign_token"] = await until(lambda: _refusal(log))
        pod.put_files(cluster.token("app"), plane.root)
        seen["ready"] = await until(is_ready)
        held, seen["first"] = await open_tls(plane.root)
        seen["serials"] = await collect_serials(plane.root, at_least=4)
        await plane.stop()
        seen["while_control_plane_is_away"] = (await _tls_once(plane.root)) is not None
        await plane.start()
        seen["after_its_return"] = await collect_serials(plane.root, at_least=2)
        seen["connection_kept"] = await _echoes(held)
        held[1].close()
        seen["peers"] = plane.peers
        seen |= await change_root(pod, plane)
        seen["modes"] = pod.run("sh", "-c", "stat -c '%n %a' /run/convoy/sds/* /run/convoy/sds")
        os.kill(agent_pid(), signal.SIGTERM)
        seen["status_after_sigterm"] = await ended(agent)
        await plane.stop()
    return seen


async def change_root(pod, plane):
    """The control plane trusts a second root beside the first, then issues under it alone."""
    second = new_root()
    first = plane.intermediate
    later = issue_intermediate(second, "cluster1")
    both = type(first)(
        first.certificate, first.key, first.chain, (plane.root.certificate, second.certificate)
    )
    plane.intermediate = both

    async def trusts_both():
        return pod.read("/run/convoy/sds/ROOTCA.yaml").count("BEGIN CERTIFICATE") == 2

    trusted = await until(trusts_both)
    plane.intermediate = type(later)(later.certificate, later.key, later.chain, both.roots)

    async def issued_under_second():
        return await _tls_once(second) is not None

    return {"second_root_trusted": trusted, "issued_under_second_root": await until(issued_under_second)}


async def open_tls(root):
    """An open TLS connection to the pod and the serial of the certificate seen."""
    context = ssl.create_default_context(cadata=certificate_to_pem(root.certificate).decode())
    context.check_hostname = False
    reader, writer = await asyncio.open_connection(POD_IP, 8443, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return (reader, writer), f"{x509.load_der_x509_certificate(der).serial_number:x}"


async def collect_serials(root, *, at_least):
    serials = []

    async def enough():
        serial = await _tls_once(root)
        if serial is not None and serial not in serials:
            serials.append(serial)
        return len(serials) >= at_least

    await until(enough)
    return serials


async def _tls_once(root):
    try:
        (_, writer), serial = await open_tls(root)
    except (OSError, ssl.SSLError):
        return None
    writer.close()
    return serial


async def _echoes(streams):
    reader, writer = streams
    try:
        writer.write(b"still here")
        return (await asyncio.wait_for(reader.readexactly(10), 5)).decode()
    except (OSError, EOFError) as error:
        return repr(error)


async def _call(address, port):
    reader, writer = await asyncio.open_connection(address, port)
    answer = (await reader.read(100)).decode()
    writer.close()
    return answer


async def _refusal(log):
    log.flush()
    return [
        line.partition("agent: ")[2].strip()
        for line in text_of(log).splitlines()
        if "certificate refused" in line
    ]


def text_of(log):
    return Path(log.name).read_text()


async def _not_zero(probe):
    status, reason = await probe()
    return [status, reason] if status else None


_GET = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"
SCENARIOS = {"sidecar": play_sidecar, "router": play_router}


async def main(name):
    pod = Pod()
    with tempfile.NamedTemporaryFile("w", prefix="agent-log-") as log:
        try:
            seen = await SCENARIOS[name](pod, log)
        finally:
            sys.stderr.write(text_of(log))
            pod.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
