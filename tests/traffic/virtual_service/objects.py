"""Objects that several tests of VirtualServices apply."""

import textwrap

SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: echo-versions, namespace: default}
spec:
  host: echo
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
  - {name: v3, labels: {version: v3}}
"""

ECHO = "route: [{destination: {host: echo, port: {number: 8000}}}]"

GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
"""


def virtual_service(
    http: str,
    *,
    name: str = "tested",
    namespace: str = "default",
    hosts: str = "[echo]",
    more: str = "",
    created: str = "2026-01-01T00:00:00Z",
) -> str:
    """A VirtualService with these HTTP rules, a YAML list; `more` are further fields of its spec."""
    head = textwrap.dedent(f"""\
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {{name: {name}, namespace: {namespace}, creationTimestamp: "{created}"}}
        spec:
        """)
    fields = f"hosts: {hosts}\n" if hosts else ""
    rules = textwrap.dedent(http).strip()
    return head + textwrap.indent(f"{fields}{textwrap.dedent(more).strip()}\nhttp:\n{rules}\n", "  ")
