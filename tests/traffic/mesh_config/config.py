"""The mesh's own configuration, as tests write it."""

import textwrap

V1, V2, ECHO, OUTSIDE = "198.18.1.21", "198.18.1.22", "198.18.129.21", "198.18.1.41"


HEAD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
"""


def mesh(text: str) -> str:
    """The ConfigMap with these settings."""
    return HEAD + textwrap.indent(textwrap.dedent(text).strip("\n") + "\n", "    ")
