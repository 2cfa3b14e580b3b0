"""What the name table says to a question. Pure.

A name that the table has is never denied: without an address of the family asked for the answer is "no
error, no records", because some resolvers take a denial of AAAA as a denial of the name. A name that the
table lacks is for the cluster's own DNS to answer. Questions of other types about a known name go there as
well, for a host outside the mesh may have, say, TXT records; only a denial that comes back is turned into
"no records".

Search lists are not applied here. The pod's resolver does that, so a short name arrives expanded, then bare.
"""

import ipaddress

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from convoy.dns.table import NameTable, canonical_name

TTL_SECONDS = 30
PLAIN_UDP_BYTES = 512
_PAYLOAD_BYTES = 1232
_MAX_BYTES = 65535


def find_addresses(table: NameTable, name: str) -> tuple[str, ...] | None:
    """The addresses of a name, by its own entry or the nearest wildcard above it; None when unknown."""
    host = canonical_name(name)
    if (addresses := table.names.get(host)) is not None:
        return addresses
    while "." in host:
        host = host.partition(".")[2]
        if (addresses := table.names.get(f"*.{host}")) is not None:
            return addresses
    return None


def parse_query(wire: bytes) -> dns.message.Message | None:
    """The query in a packet; None when it is none, or does not ask exactly one question."""
    try:
        query = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None
    is_question = not query.flags & dns.flags.QR and query.opcode() == dns.opcode.QUERY
    return query if is_question and len(query.question) == 1 else None


def answer_from_table(
    query: dns.message.Message, table: NameTable, *, first: int = 0
) -> dns.message.Message | None:
    """The reply to an A or AAAA question about a known name; None when another must answer.

    `first` rotates the addresses, so that clients which take the first one do not all take the same.
    """
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN or question.rdtype not in _FAMILY_OF_TYPE:
        return None
    addresses = find_addresses(table, question.name.to_text())
    if addresses is None:
        return None
    family = _FAMILY_OF_TYPE[question.rdtype]
    matching = [a for a in addresses if ipaddress.ip_address(a).version == family]
    reply = _reply_to(query)
    reply.flags |= dns.flags.AA
    if matching:
        turn = first % len(matching)
        rotated = matching[turn:] + matching[:turn]
        reply.answer.append(
            dns.rrset.from_text_list(question.name, TTL_SECONDS, question.rdclass, question.rdtype, rotated)
        )
    return reply


def soften_denial(query: dns.message.Message, reply: bytes, table: NameTable) -> bytes:
    """The upstream's reply, except that a denial of a name that the table knows becomes "no records"."""
    denied = len(reply) > 3 and reply[3] & 0x0F == dns.rcode.NXDOMAIN
    if denied and find_addresses(table, query.question[0].name.to_text()) is not None:
        return _reply_to(query).to_wire()
    return reply


def answer_failure(query: dns.message.Message) -> dns.message.Message:
    """SERVFAIL: the question could not be answered now."""
    reply = _reply_to(query)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


def answer_malformed(wire: bytes) -> bytes | None:
    """FORMERR for a packet that is no acceptable query; None when silence is the better answer."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    return wire[:2] + bytes([0x80 | (wire[2] & 0x79), dns.rcode.FORMERR]) + bytes(8)


def encode(reply: dns.message.Message) -> bytes:
    """The reply whole: the library would otherwise fail beyond what the asker takes over UDP."""
    return reply.to_wire(max_size=_MAX_BYTES)


def fit_udp(query: dns.message.Message, reply: bytes) -> bytes:
    """The reply, or a truncated one when it is larger than the asker takes over UDP."""
    limit = max(query.payload, PLAIN_UDP_BYTES) if query.edns >= 0 else PLAIN_UDP_BYTES
    if len(reply) <= limit:
        return reply
    truncated = _reply_to(query)
    truncated.flags |= dns.flags.TC
    return truncated.to_wire()


def _reply_to(query: dns.message.Message) -> dns.message.Message:
    return dns.message.make_response(query, recursion_available=True, our_payload=_PAYLOAD_BYTES)


_FAMILY_OF_TYPE = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}
