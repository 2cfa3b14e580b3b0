"""ProxyConfig: which proxies it is for, and which variables it can set. Its numbers are in `limits`.

Whoever may write a ProxyConfig need not be allowed to run anything. So it sets no variable by which programs
find the code that they run, or by which the agent knows its pod; nor does it make a workload the member of a
group, which says what is run beside it. A pod says all that by itself.
"""

from convoy.api import codes
from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.paths import child_path
from convoy.api.validation.finding import Findings
from convoy.api.validation.selectors import check_selector

# Of the loader and the C library (ld.so(8), environ(7)), of Python, OpenSSL and shells.
_PREFIXES = ("BASH", "GLIBC_", "LD_", "MALLOC_", "OPENSSL_", "PYTHON", "SSL")
_NAMES = frozenset(
    (
        *("BROWSER", "ENV", "GCONV_PATH", "HOME", "HOSTALIASES", "IFS", "LOCALDOMAIN", "LOCPATH", "NLSPATH"),
        *("PATH", "RES_OPTIONS", "TMPDIR", "TZDIR"),
        # The agent's own.
        *("AWAITED_PORTS", "DRAIN_SECONDS", "ISTIO_KUBE_APP_PROBERS", "ISTIO_META_AUTO_REGISTER_GROUP"),
        *("PROXY_CONCURRENCY", "PROXY_DRAIN_SECONDS"),
    )
)


def may_set(variable: str) -> bool:
    """Whether a ProxyConfig can set a variable."""
    return variable not in _NAMES and not variable.startswith(_PREFIXES)


def validate_proxy_config(config: ProxyConfig, found: Findings) -> None:
    """Every rule of the kind."""
    check_selector("spec.selector", config.spec.selector, found)
    for name in config.spec.environment_variables:
        if not may_set(name):
            message = "decides what the proxy's container runs or whose it is, so it is left out."
            path = child_path("spec.environmentVariables", name)
            found.add(codes.NO_EFFECT, path, message, "Remove it; a pod can set it for its own proxy.")
