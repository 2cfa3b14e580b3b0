"""A service without a sidecar, and rules for it."""

import textwrap

# echo-v3 has no sidecar: it answers in plain text, and whoever speaks the mesh's TLS to it fails.
PLAIN = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: plain, namespace: default}
spec:
  hosts: [plain.test]
  addresses: [240.240.9.1]
  resolution: STATIC
  ports: [{number: 8000, name: http, protocol: HTTP}, {number: 8001, name: http-web, protocol: HTTP}]
  endpoints: [{address: 198.18.1.23, labels: {version: v3}}]
"""


def destination_rule(spec: str, *, host: str = "plain.test", namespace: str = "default") -> str:
    """A DestinationRule for a host with these further fields."""
    head = textwrap.dedent(f"""\
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {{name: tested, namespace: {namespace}}}
        spec:
          host: {host}
        """)
    return head + textwrap.indent(textwrap.dedent(spec).strip() + "\n", "  ")


def through_subset(subset: str) -> str:
    """A VirtualService that sends what is for plain.test to a subset of it."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: through, namespace: default}}
spec:
  hosts: [plain.test]
  http:
  - match: [{{port: 8000}}]
    route: [{{destination: {{host: plain.test, subset: {subset}, port: {{number: 8000}}}}}}]
  - route: [{{destination: {{host: plain.test, subset: {subset}, port: {{number: 8001}}}}}}]
"""
