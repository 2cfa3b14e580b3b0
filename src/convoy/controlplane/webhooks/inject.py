"""The judge behind `/inject`: gives new pods their proxies.

A pod that wants a proxy and cannot have one (on its node's network, say) is admitted with a warning, as
without a mesh. Only a pod that cannot be read is refused: nobody would know whether it goes round the mesh.
"""

from collections.abc import Awaitable, Callable

from convoy.api.kube.core import Namespace
from convoy.api.meta import ObjectMeta
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.resources import NAMESPACES
from convoy.controlplane.webhooks.reviews import AdmissionRequest, Verdict
from convoy.inject import InjectionSettings, ProxyConfigs, UnreadablePodError, plan_injection
from convoy.inject.decision import NAMESPACE_INJECTION
from convoy.kit.logs import get_logger

log = get_logger("controlplane.webhooks")

ReadNamespace = Callable[[str], Awaitable[Namespace]]


class InjectionJudge:
    """Answers requests to create pods; to all others it says yes."""

    def __init__(
        self,
        settings: InjectionSettings,
        read_namespace: ReadNamespace,
        configs: Callable[[], ProxyConfigs] = ProxyConfigs,
    ) -> None:
        self._settings = settings
        self._read_namespace = read_namespace
        self._configs = configs

    async def __call__(self, request: AdmissionRequest) -> Verdict:
        """The pod's patch; nothing to do for pods that stay as they are."""
        is_pod = (request.kind.group, request.kind.kind) == ("", "Pod") and not request.sub_resource
        if not is_pod or request.operation != "CREATE" or not isinstance(request.object, dict):
            return Verdict()
        namespace = await self._read_namespace(request.namespace)
        try:
            injection = plan_injection(request.object, namespace, self._settings, self._configs())
        except UnreadablePodError as error:
            message = f"The pod cannot be given its proxy: {error}"
            return Verdict(allowed=False, message=message, code=422, reason="Invalid")
        return Verdict(patch=injection.patch, warnings=injection.warnings)


def namespace_reader(client: KubeClient) -> ReadNamespace:
    """Reads namespaces as they are now: a label that is a moment old counts for the pods that follow it.

    When the cluster does not tell, the namespace counts as one to be injected, because the API server asks
    only for those that the webhook's selectors chose.
    """

    async def read(name: str) -> Namespace:
        try:
            found = await client.get(NAMESPACES, name)
            labels = found["metadata"].get("labels") or {}
        except KubeError as error:
            log.warning("namespace not read", namespace=name, detail=str(error), effect="taken as injected")
            labels = {NAMESPACE_INJECTION: "enabled"}
        return Namespace(api_version="v1", kind="Namespace", metadata=ObjectMeta(name=name, labels=labels))

    return read
