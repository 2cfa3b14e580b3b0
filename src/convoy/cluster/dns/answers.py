"""Answers to queries, from whoever knows the names. Pure.

There is no upstream: a name that nobody knows does not exist, which resolvers take as final. A known name
without a record of the wanted type is no error and has no records. Both answers carry the zone's SOA, so that
resolvers remember them for as long as it says and no longer (RFC 2308).
"""

import random

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from convoy.cluster.dns.records import TTL, Names, Records, zone_of

CLUSTER_DOMAIN = "cluster.local"
WORLD_DOMAIN = "convoy.test"
OUTSIDE_DOMAIN = "outside.test"
_ZONES = (CLUSTER_DOMAIN, WORLD_DOMAIN, OUTSIDE_DOMAIN, "in-addr.arpa")
_PLAIN_UDP = 512
_LONGEST_CHAIN = 8
_SOA_TIMES = f"7200 1800 86400 {TTL}"


def answer(query: bytes, names: Names, *, over_udp: bool) -> bytes | None:
    """The response to one query in wire form; None for what is not a query at all."""
    try:
        request = dns.message.from_wire(query, ignore_trailing=True)
    except dns.exception.DNSException:
        return None
    if request.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(request, recursion_available=True)
    _fill(response, request, names)
    if not over_udp:
        return response.to_wire(max_size=65535)
    limit = max(request.payload, _PLAIN_UDP) if request.edns >= 0 else _PLAIN_UDP
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        return _cut(response, limit)


def _cut(response: dns.message.Message, limit: int) -> bytes:
    """Without what only saves a question; if that is not enough, empty: the client asks again over TCP."""
    response.additional.clear()
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)


def _fill(response: dns.message.Message, request: dns.message.Message, names: Names) -> None:
    if request.opcode() != dns.opcode.QUERY or len(request.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return
    question = request.question[0]
    if question.rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.REFUSED)
        return
    response.flags |= dns.flags.AA
    owner = question.name
    name = owner.to_text(omit_final_dot=True).lower()
    records = names.find(name)
    for _ in range(_LONGEST_CHAIN):
        if records is None or not records.alias:
            break
        _add(response, owner, "CNAME", [f"{records.alias}."])
        name, owner = records.alias, dns.name.from_text(records.alias)
        if question.rdtype == dns.rdatatype.CNAME:
            return
        records = names.find(name)
    if records is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif _add_records(response, owner, question.rdtype, records=records, zone=_zone(name)):
        _add_addresses(response, question.rdtype, records, names)
        return
    _say_no(response, name)


def _add_records(
    response: dns.message.Message,
    owner: dns.name.Name,
    wanted: dns.rdatatype.RdataType,
    *,
    records: Records,
    zone: str,
) -> bool:
    """Whether there is a record of the wanted type."""
    by_type = {
        dns.rdatatype.A: random.sample(records.addresses, len(records.addresses)),
        dns.rdatatype.SRV: [f"0 100 {place.port} {place.host}." for place in records.services],
        dns.rdatatype.PTR: [f"{pointer}." for pointer in records.pointers],
        dns.rdatatype.TXT: [f'"{text}"' for text in records.texts],
    }
    if zone and owner.to_text(omit_final_dot=True).lower() == zone:
        by_type |= {dns.rdatatype.SOA: [_soa(zone)], dns.rdatatype.NS: [f"ns.dns.{zone}."]}
    found = False
    for kind, values in by_type.items():
        if values and wanted in (kind, dns.rdatatype.ANY):
            _add(response, owner, dns.rdatatype.to_text(kind), values)
            found = True
    return found


def _add_addresses(
    response: dns.message.Message, wanted: dns.rdatatype.RdataType, records: Records, names: Names
) -> None:
    """The addresses of an SRV record's hosts, which would be asked for next."""
    if wanted != dns.rdatatype.SRV:
        return
    for host in dict.fromkeys(place.host for place in records.services):
        if (known := names.find(host)) is not None and known.addresses:
            response.additional.append(_rrset(dns.name.from_text(host), "A", list(known.addresses)))


def _say_no(response: dns.message.Message, name: str) -> None:
    zone = _zone(name)
    response.authority.append(_rrset(dns.name.from_text(zone), "SOA", [_soa(zone)]))


def _soa(zone: str) -> str:
    end = f".{zone}." if zone else "."
    return f"ns.dns{end} hostmaster{end} 1 {_SOA_TIMES}"


def _zone(name: str) -> str:
    return zone_of(name, _ZONES)


def _add(response: dns.message.Message, owner: dns.name.Name, kind: str, values: list[str]) -> None:
    response.answer.append(_rrset(owner, kind, values))


def _rrset(owner: dns.name.Name, kind: str, values: list[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(owner, TTL, "IN", kind, values)
