"""A workload that joins a group, a service that selects the group's members, and the group."""

import yaml
from tests.traffic import world

ADDRESS = "198.18.1.110"
URL = "http://members.example.test/"
TEMPLATE = "  template: {labels: {tier: members}}\n"
ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: members, namespace: default}
spec:
  hosts: [members.example.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8000}]
  workloadSelector: {labels: {tier: members}}
"""


def member() -> str:
    """A pod whose proxy joins the group `members`."""
    made = world.echo_pod("member", ADDRESS, {"app": "member"})
    (pod,) = (each for each in made if each["kind"] == "Pod")
    joins = [{"name": "ISTIO_META_AUTO_REGISTER_GROUP", "value": "members"}]
    pod["spec"]["containers"].append({"name": "istio-proxy", "image": "auto", "env": joins})
    return yaml.safe_dump_all(made)


def group(spec: str) -> str:
    """The group `members`."""
    return f"""\
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: {{name: members, namespace: default}}
spec:
{spec}
"""
