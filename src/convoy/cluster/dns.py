"""The cluster's DNS: a name table made of its Services and ready pods, and answers from it.

Pure; the sockets are in `supervisor.names`. There is no upstream: every name that is not in the table does
not exist, which resolvers take as final. A known name without an address of the wanted type is NOERROR with
no records.

Beside the cluster's own names, every cluster knows the load balancers of all clusters as
`<service>.<cluster>.convoy.test`.
"""

from collections.abc import Iterable, Mapping, Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec

from convoy.api.kube.core import Service
from convoy.cluster.network.services import PodEndpoint, select_endpoints
from convoy.cluster.objects import load_balancer_addresses

SUFFIX = "cluster.local"
WORLD_SUFFIX = "convoy.test"
TTL = 5
_PLAIN_UDP = 512


class NameTable(msgspec.Struct, frozen=True):
    """Addresses and aliases by lower-case name without the final dot."""

    addresses: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, str] = {}


def build_name_table(
    services: Iterable[Service],
    endpoints: Sequence[PodEndpoint],
    load_balancers: Mapping[str, tuple[str, ...]],
) -> NameTable:
    """The names of one cluster; `load_balancers` are the world's, from `load_balancer_names`."""
    addresses: dict[str, tuple[str, ...]] = dict(load_balancers)
    aliases = {}
    for service in services:
        name = f"{service.metadata.name}.{service.metadata.namespace}.svc.{SUFFIX}"
        if service.spec.type == "ExternalName":
            aliases[name] = service.spec.external_name.rstrip(".").lower()
        elif service.spec.cluster_ip != "None":
            addresses[name] = (service.spec.cluster_ip,)
        else:
            addresses |= _headless_names(name, service, endpoints)
    return NameTable(addresses, aliases)


def load_balancer_names(cluster: str, services: Iterable[Service]) -> dict[str, tuple[str, ...]]:
    """The names under which every cluster finds one cluster's load balancers."""
    names: dict[str, tuple[str, ...]] = {}
    for service in services:
        if addresses := load_balancer_addresses(service):
            name = f"{service.metadata.name}.{cluster}.{WORLD_SUFFIX}"
            names[name] = (*names.get(name, ()), *addresses)
    return names


def _headless_names(
    name: str, service: Service, endpoints: Sequence[PodEndpoint]
) -> dict[str, tuple[str, ...]]:
    backends = select_endpoints(service, endpoints)
    names = {name: tuple(backend.address for backend in backends)}
    for backend in backends:
        spec = backend.pod.spec
        if spec.hostname and spec.subdomain == service.metadata.name:
            names[f"{spec.hostname}.{name}"] = (backend.address,)
    return names


def answer(query: bytes, table: NameTable, *, over_udp: bool) -> bytes | None:
    """The response to one query in wire form; None for what is not a query at all."""
    try:
        request = dns.message.from_wire(query, ignore_trailing=True)
    except dns.exception.DNSException:
        return None
    if request.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(request, recursion_available=True)
    _fill(response, request, table)
    if not over_udp:
        return response.to_wire(max_size=65535)
    limit = max(request.payload, _PLAIN_UDP) if request.edns >= 0 else _PLAIN_UDP
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)


def _fill(response: dns.message.Message, request: dns.message.Message, table: NameTable) -> None:
    if request.opcode() != dns.opcode.QUERY or len(request.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return
    question = request.question[0]
    if question.rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.REFUSED)
        return
    response.flags |= dns.flags.AA
    name = question.name.to_text(omit_final_dot=True).lower()
    owner = question.name
    if (alias := table.aliases.get(name)) is not None:
        response.answer.append(dns.rrset.from_text(owner, TTL, "IN", "CNAME", f"{alias}."))
        name, owner = alias, dns.name.from_text(alias)
    elif name not in table.addresses:
        response.set_rcode(dns.rcode.NXDOMAIN)
        return
    addresses = table.addresses.get(name, ())
    if addresses and question.rdtype in (dns.rdatatype.A, dns.rdatatype.ANY):
        response.answer.append(dns.rrset.from_text_list(owner, TTL, "IN", "A", list(addresses)))
