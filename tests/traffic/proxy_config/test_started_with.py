"""With what proxies are started: a pod that comes after its ProxyConfigs shows it."""

import yaml
from tests.traffic import world
from tests.traffic.configuring import CLUSTER
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

CONFIGS = """\
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: everywhere, namespace: istio-system}
spec:
  environmentVariables: {TOLD_BY: everywhere, ISTIO_META_EVERYWHERE: "yes"}
---
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: one, namespace: plain}
spec:
  selector: {matchLabels: {app: configured}}
  concurrency: 3
  environmentVariables: {TOLD_BY: selector}
"""
DEFAULTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    defaultConfig:
      concurrency: 4
      drainDuration: 7s
      proxyMetadata: {TOLD_BY: mesh, BY_MESH: "yes"}
"""


async def told(lab: Lab, pod: str, name: str) -> str:
    """A variable of the environment of a pod's proxy."""
    found = await lab.local.world.exec(CLUSTER, "plain", pod, ["printenv", name], container="istio-proxy")
    return found.stdout.decode().strip()


def pods() -> str:
    labels = {"sidecar.istio.io/inject": "true"}
    made = [
        *world.echo_pod("configured", "198.18.1.101", {"app": "configured", **labels}, namespace="plain"),
        *world.echo_pod("other", "198.18.1.102", {"app": "other", **labels}, namespace="plain"),
    ]
    return yaml.safe_dump_all(made)


@fields("ProxyConfig", "selector.matchLabels", "concurrency", "environmentVariables")
@fields(
    "MeshConfig",
    "defaultConfig.concurrency",
    "defaultConfig.drainDuration",
    "defaultConfig.proxyMetadata",
)
async def test_proxies_are_started_as_the_narrowest_config_says(lab: Lab) -> None:
    async with lab.applied(CONFIGS, DEFAULTS, pods()):
        for pod, concurrency, teller in (("configured", 3, "selector"), ("other", 4, "everywhere")):
            stats = await lab.stats(f"plain/{pod}", "^server.concurrency$")
            assert stats == {"server.concurrency": concurrency}
            assert await told(lab, pod, "TOLD_BY") == teller
            assert await told(lab, pod, "BY_MESH") == "yes"
            info = await lab.get(f"plain/{pod}", "http://127.0.0.1:15000/server_info")
            assert info.told["command_line_options"]["drain_time"] == "7s"
