"""The nftables rules that lead a pod's connections through its proxy. Pure text; `nft.py` applies it.

The proxy's own sockets carry a mark, because in a pod without root all processes share one uid. The order
of the rules carries meaning:

1. Envoy calling the pod's own address is the pod calling itself through its own service: to the inbound
   side, so that the call is authenticated like any other. Envoy handing a request to the application uses
   source 127.0.0.6 (or ::6) and passes.
2. Other marked sockets pass, or the proxy would capture itself.
3. DNS, TCP and UDP, wherever it goes, to the agent.
4. Virtual addresses. 127.255.0.0/16 lies inside loopback, so it must come before the next rule.
5. What stays on loopback passes; that includes Envoy asking the agent's forwarder.
6. All other TCP to the outbound side. Other UDP, and ICMP, are never touched.

DNS flows of the agent are tracked in a zone of their own: an application's redirected question would
otherwise leave an entry on which the agent's question from the same source port would be redirected, too.
"""

OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
ENVOY_SOURCE = "127.0.0.6"
ENVOY_SOURCE_V6 = "::6"
VIRTUAL_RANGES = ("240.0.0.0/4", "127.255.0.0/16")
UNCAPTURED_INBOUND = (15020, 15021, 15090)
_DNS_ZONE = 1


def build_capture_rules(*, mark: int, dns_port: int) -> str:
    """An `nft -f` script that replaces the table `inet convoy` in the current network namespace."""
    excluded = ", ".join(str(port) for port in UNCAPTURED_INBOUND)
    return f"""\
table inet convoy
delete table inet convoy
table inet convoy {{
    chain output_zone {{
        type filter hook output priority -300; policy accept;
        meta mark {mark} udp dport 53 ct zone set {_DNS_ZONE}
    }}
    chain prerouting_zone {{
        type filter hook prerouting priority -300; policy accept;
        iifname != "lo" udp sport 53 ct zone set {_DNS_ZONE}
    }}
    chain output {{
        type nat hook output priority -100; policy accept;
        oifname "lo" meta mark {mark} ip saddr != {ENVOY_SOURCE} ip daddr != 127.0.0.1 meta l4proto tcp \
redirect to :{INBOUND_PORT}
        oifname "lo" meta mark {mark} ip6 saddr != {ENVOY_SOURCE_V6} ip6 daddr != ::1 meta l4proto tcp \
redirect to :{INBOUND_PORT}
        meta mark {mark} return
        udp dport 53 redirect to :{dns_port}
        tcp dport 53 redirect to :{dns_port}
        ip daddr {{ {", ".join(VIRTUAL_RANGES)} }} meta l4proto tcp redirect to :{OUTBOUND_PORT}
        oifname "lo" return
        ip daddr 127.0.0.0/8 return
        ip6 daddr ::1 return
        meta l4proto tcp redirect to :{OUTBOUND_PORT}
    }}
    chain prerouting {{
        type nat hook prerouting priority -100; policy accept;
        tcp dport {{ {excluded} }} return
        meta l4proto tcp redirect to :{INBOUND_PORT}
    }}
}}
"""
