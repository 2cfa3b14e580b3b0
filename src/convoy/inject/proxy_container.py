"""The container `istio-proxy`: one image for both templates, told by its environment what to be.

What a user already wrote into a container of that name stays, except the image `auto`, which stands for the
real one.
"""

from msgspec.structs import replace

from convoy.api.kube.core import (
    Capabilities,
    Container,
    EnvVar,
    HttpGetAction,
    Probe,
    SecurityContext,
    Volume,
    VolumeMount,
)
from convoy.inject.decision import AUTO_IMAGE, PROXY, Template
from convoy.inject.proxy_configs import DEFAULTS, ProxySettings
from convoy.inject.settings import InjectionSettings

READINESS_PORT = 15021
READINESS_PATH = "/healthz/ready"
TOKEN_AUDIENCE = "istio-ca"
ROOTS_CONFIG_MAP = "istio-ca-root-cert"
ISTIO_VERSION = "1.28.0"
_TOKEN, _ROOTS, _RUN = "istio-token", "istiod-ca-cert", "convoy-run"


def build_proxy(
    template: Template,
    written: Container | None,
    *,
    account: str,
    app: str,
    settings: InjectionSettings,
    started: ProxySettings = DEFAULTS,
) -> Container:
    """The proxy's container, over what the user wrote for it (`written`)."""
    base = written or Container(name=PROXY)
    is_sidecar = template == "sidecar"
    image = base.image if base.image not in ("", AUTO_IMAGE) else settings.image
    own = {each.name for each in base.env}
    environment = _build_environment(template, account=account, app=app, settings=settings)
    known = {each.name for each in environment}
    # Who the proxy is cannot be told otherwise by what it is started with.
    environment += [each for each in _started_with(started) if each.name not in known]
    mounted = {each.mount_path for each in base.volume_mounts}
    return replace(
        base,
        image=image,
        env=[*base.env, *(each for each in environment if each.name not in own)],
        volume_mounts=[*base.volume_mounts, *(m for m in _MOUNTS if m.mount_path not in mounted)],
        restart_policy="Always" if is_sidecar else base.restart_policy,
        startup_probe=base.startup_probe or (_STARTUP if is_sidecar else None),
        readiness_probe=base.readiness_probe or (None if is_sidecar else _READINESS),
        security_context=_SIDECAR_SECURITY if is_sidecar else _security_of_gateway(base),
    )


def build_volumes(settings: InjectionSettings) -> list[Volume]:
    """The volumes that the proxy mounts: token, roots, and memory for keys."""
    token = {
        "audience": TOKEN_AUDIENCE,
        "expirationSeconds": settings.token_seconds,
        "path": "istio-token",
    }
    return [
        Volume(name=_TOKEN, projected={"sources": [{"serviceAccountToken": token}]}),
        Volume(name=_ROOTS, config_map={"name": ROOTS_CONFIG_MAP}),
        Volume(name=_RUN, empty_dir={"medium": "Memory"}),
    ]


def _build_environment(
    template: Template, *, account: str, app: str, settings: InjectionSettings
) -> list[EnvVar]:
    is_sidecar = template == "sidecar"
    values = {
        "SERVICE_ACCOUNT": account,
        "ISTIO_META_CLUSTER_ID": settings.cluster_id,
        "ISTIO_META_NETWORK": settings.network,
        "ISTIO_META_APP": app,
        # What EnvoyFilters compare with `proxyVersion`: the Istio whose configuration ours is most like.
        "ISTIO_META_ISTIO_VERSION": ISTIO_VERSION,
        "TRUST_DOMAIN": settings.trust_domain,
        "DISCOVERY_HOST": settings.discovery_host,
        "PROXY_TYPE": "sidecar" if is_sidecar else "router",
        "INTERCEPTION_MARK": str(settings.mark) if is_sidecar else "",
    }
    return [
        _from_field("POD_NAME", "metadata.name"),
        _from_field("POD_NAMESPACE", "metadata.namespace"),
        _from_field("INSTANCE_IP", "status.podIP"),
        *(EnvVar(name=name, value=value) for name, value in values.items()),
    ]


def _started_with(started: ProxySettings) -> list[EnvVar]:
    numbers = {"PROXY_CONCURRENCY": started.concurrency, "PROXY_DRAIN_SECONDS": started.drain_seconds}
    said = [EnvVar(name=name, value=str(number)) for name, number in numbers.items() if number is not None]
    named = {each.name for each in said}
    return said + [EnvVar(name=name, value=value) for name, value in started.environment if name not in named]


def _from_field(name: str, path: str) -> EnvVar:
    return EnvVar(name=name, value_from={"fieldRef": {"apiVersion": "v1", "fieldPath": path}})


def _security_of_gateway(base: Container) -> SecurityContext:
    written = base.security_context
    return _GATEWAY_SECURITY if written == SecurityContext() else written


_MOUNTS = (
    VolumeMount(name=_TOKEN, mount_path="/var/run/secrets/tokens", read_only=True),
    VolumeMount(name=_ROOTS, mount_path="/var/run/secrets/istio", read_only=True),
    VolumeMount(name=_RUN, mount_path="/var/run/convoy"),
)
_READY = HttpGetAction(port=READINESS_PORT, path=READINESS_PATH)
# The application starts only after this probe, so it is asked often; ten minutes is when a start has failed.
_STARTUP = Probe(http_get=_READY, period_seconds=1, timeout_seconds=3, failure_threshold=600)
_READINESS = Probe(http_get=_READY, period_seconds=2, timeout_seconds=3, failure_threshold=3)
_SIDECAR_SECURITY = SecurityContext(
    capabilities=Capabilities(add=["NET_ADMIN"], drop=["ALL"]), allow_privilege_escalation=False
)
_GATEWAY_SECURITY = SecurityContext(capabilities=Capabilities(drop=["ALL"]), allow_privilege_escalation=False)
