"""What a pod finds on its network: cluster DNS, the control plane's agent API, and an ADS server.

The agent API is the production one, over real HTTPS. The ADS server hands out the few resources a test needs.
"""

import asyncio
import contextlib
from datetime import timedelta

import dns.message
import dns.rcode
import dns.rrset
import grpc
from aiohttp import web
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2  # noqa: F401  (registers the type)
from envoy.extensions.filters.network.echo.v3 import echo_pb2  # noqa: F401
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2  # noqa: F401
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2  # noqa: F401
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format
from tests.envoy.agent_network import NODE_IP

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.ca.service import CertificateService
from convoy.ca.tokens import TokenVerifier
from convoy.controlplane.agent_api import AgentApi
from convoy.controlplane.server_identity import ServerIdentity
from convoy.dns.table import build_name_table
from convoy.kit.latest import LatestValue

TRUST_DOMAIN = "cluster.local"
ADS_METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
_KINDS = {
    "type.googleapis.com/envoy.config.listener.v3.Listener": listener_pb2.Listener,
    "type.googleapis.com/envoy.config.cluster.v3.Cluster": cluster_pb2.Cluster,
}


class ClusterDns(asyncio.DatagramProtocol):
    """A nameserver with a few A records; everything else is denied."""

    def __init__(self, records):
        self._records = records

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        self._transport.sendto(self.reply(data), addr)

    def reply(self, data):
        query = dns.message.from_wire(data)
        question = query.question[0]
        reply = dns.message.make_response(query)
        address = self._records.get(question.name.to_text())
        if address is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == 1:
            reply.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", address))
        return reply.to_wire()


class ControlPlane:
    """The agent API and ADS of one cluster, which can be stopped and started again."""

    def __init__(self, *, jwks, issuer, resources, ttl, names):
        self.root = new_root()
        self.intermediate = issue_intermediate(self.root, "cluster1")
        verifier = TokenVerifier(jwks, issuer=issuer)
        certificates = CertificateService(
            lambda: self.intermediate, verifier, trust_domain=TRUST_DOMAIN, max_ttl=ttl
        )
        self.names = LatestValue()
        self.names.set({"default": build_name_table(names)})
        self._api = AgentApi(certificates, verifier, self.names, LatestValue())
        self._identity = ServerIdentity(lambda: self.intermediate, TRUST_DOMAIN, ttl=timedelta(hours=1))
        self._resources = resources
        self.peers = []
        """What each ADS client proved and said: (URI SANs, node id)."""

    async def start(self):
        self._runner = web.AppRunner(self._api.app(), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, NODE_IP, 15016, ssl_context=self._identity.tls_context).start()
        self._ads = grpc.aio.server()
        handler = grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=discovery_pb2.DeltaDiscoveryRequest.FromString,
            response_serializer=discovery_pb2.DeltaDiscoveryResponse.SerializeToString,
        )
        service, method = ADS_METHOD.strip("/").split("/")
        self._ads.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        key, chain, roots = self._identity.bundle()
        credentials = grpc.ssl_server_credentials([(key.reveal(), chain)], roots, require_client_auth=True)
        self._ads.add_secure_port(f"{NODE_IP}:15012", credentials)
        await self._ads.start()

    async def stop(self):
        await self._ads.stop(0)
        await self._runner.cleanup()

    async def _stream(self, requests, context):
        async for request in requests:
            if request.HasField("node"):
                uris = [
                    san.decode() for san in context.auth_context().get("x509_subject_alternative_name", ())
                ]
                self.peers.append({"uris": uris, "node": request.node.id})
            if request.HasField("error_detail"):
                self.peers.append({"nack": request.error_detail.message})
            if not request.response_nonce:
                yield self._answer(request.type_url)

    def _answer(self, type_url):
        response = discovery_pb2.DeltaDiscoveryResponse(type_url=type_url, nonce="1")
        for value in self._resources.get(type_url, ()):
            message = json_format.ParseDict(value, _KINDS[type_url]())
            entry = response.resources.add(name=value["name"], version="1")
            entry.resource.Pack(message)
        return response


@contextlib.asynccontextmanager
async def cluster_dns(records):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: ClusterDns(records), local_addr=(NODE_IP, 53))
    try:
        yield
    finally:
        transport.close()
