"""A pod for one agent: network and mount namespaces of its own, with the files that a kubelet puts there."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.envoy.agent_network import NODE_IP, POD_IP

from convoy.ca.keys import certificate_to_pem

ISSUER = "https://kubernetes.default.svc.cluster.local"

_HEADERS = [{"name": "X-Probe", "value": "yes"}]
PROBES = {
    "/app-health/app/livez": {"httpGet": {"port": 8001, "path": "/live", "httpHeaders": _HEADERS}},
    "/app-health/app/readyz": {"tcpSocket": {"port": 8000}},
    "/app-health/app/startupz": {"httpGet": {"port": 8002, "path": "/", "httpHeaders": _HEADERS}},
    "/app-health/app/closed": {"tcpSocket": {"port": 8009}},
}

_ROOT = Path(__file__).parents[2]
# Entering a mount namespace changes the working directory.
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}"}

_PREPARE = """
set -e
target=$(readlink -f /etc/resolv.conf)
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/tokens /run/secrets/istio /run/test "$(dirname "$target")"
[ -e "$target" ] || touch "$target"
printf '%s' "$RESOLV_CONF" > /run/test/resolv.conf
mount --bind /run/test/resolv.conf "$target"
[ /var/run -ef /run ] || mount --bind /run /var/run
"""


class Cluster:
    """The cluster's token key."""

    def __init__(self):
        self._key = rsa.generate_private_key(65537, 2048)

    def jwks(self):
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "k1"}]}

    def token(self, account, *, audience="istio-ca"):
        claims = {
            "iss": ISSUER,
            "aud": [audience],
            "sub": f"system:serviceaccount:default:{account}",
            "exp": int(time.time()) + 600,
            "kubernetes.io": {
                "namespace": "default",
                "serviceaccount": {"name": account},
                "pod": {"name": "app-1"},
            },
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "k1"})


class Pod:
    """Holds the namespaces by a sleeping process, and runs commands in them."""

    def __init__(self):
        self._holder = subprocess.Popen(
            ["unshare", "-n", "-m", "--propagation", "private", "sh", "-c", "echo ready; exec sleep 600"],
            stdout=subprocess.PIPE,
        )
        self._holder.stdout.readline()
        subprocess.run(
            [sys.executable, "-m", "tests.envoy.agent_network", "node", str(self._holder.pid)], check=True
        )
        self.run(sys.executable, "-m", "tests.envoy.agent_network", "pod")
        search = "default.svc.cluster.local svc.cluster.local cluster.local default.global global"
        resolv_conf = f"nameserver {NODE_IP}\nsearch {search}\noptions ndots:5 timeout:2\n"
        self.run("sh", "-c", _PREPARE, env={"RESOLV_CONF": resolv_conf})

    def command(self, *argv):
        return ["nsenter", "-t", str(self._holder.pid), "-n", "-m", "--", *argv]

    def run(self, *argv, env=None, text=None):
        environment = {**ENVIRONMENT, **(env or {})}
        done = subprocess.run(
            self.command(*argv), check=True, input=text, capture_output=True, text=True, env=environment
        )
        return done.stdout

    def write(self, path, text):
        """A new file renamed into place, as a kubelet does."""
        self.run("sh", "-c", f"umask 077; cat > {path}.new && mv {path}.new {path}", text=text)

    def read(self, path):
        return self.run("sh", "-c", f"cat {path} 2>/dev/null || true")

    def put_files(self, token, root):
        self.write("/run/secrets/tokens/istio-token", token)
        self.write("/run/secrets/istio/root-cert.pem", certificate_to_pem(root.certificate).decode())

    async def start_agent(self, proxy_type, log):
        env = {
            **ENVIRONMENT,
            "POD_NAME": "app-1",
            "POD_NAMESPACE": "default",
            "SERVICE_ACCOUNT": "app",
            "INSTANCE_IP": POD_IP,
            "ISTIO_META_CLUSTER_ID": "cluster1",
            "TRUST_DOMAIN": "cluster.local",
            "PROXY_TYPE": proxy_type,
            "INTERCEPTION_MARK": "1337" if proxy_type == "sidecar" else "",
            # Longer than any test waits: whoever is idle does not wait for it.
            "DRAIN_SECONDS": "60",
            "ISTIO_KUBE_APP_PROBERS": json.dumps(PROBES if proxy_type == "sidecar" else {}),
        }
        return await asyncio.create_subprocess_exec(
            *self.command(sys.executable, "-m", "convoy.agent", "run"), env=env, stderr=log, stdout=log
        )

    async def probe(self, **asked):
        """Run `agent_probe` in the pod, unmarked like any application; what it saw."""
        process = await asyncio.create_subprocess_exec(
            *self.command(sys.executable, "-m", "tests.envoy.agent_probe", json.dumps(asked)),
            stdout=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
        )
        output, _ = await process.communicate()
        return json.loads(output)

    def close(self):
        self._holder.kill()
        self._holder.wait()
