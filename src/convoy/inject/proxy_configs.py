"""With what a pod's proxy is started: ProxyConfigs, the mesh's defaults, and the pod's own annotation.

Field by field the narrowest word counts: the annotation `proxy.istio.io/config`, then a ProxyConfig that
selects the pod, then one of its namespace, then one of the root namespace, then the mesh's `defaultConfig`.
Of two of one kind the older counts. A proxy keeps what it was started with.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.durations import parse_duration
from convoy.api.istio.mesh_config import DefaultProxyConfig
from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.kube.core import Pod
from convoy.api.validation.mesh_config import read_proxy_defaults
from convoy.api.validation.proxy_config import may_set

ANNOTATION = "proxy.istio.io/config"


class ProxySettings(msgspec.Struct, frozen=True):
    """What a proxy is started with; None: what it has by default. `environment` is sorted by name."""

    concurrency: int | None = None
    """Worker threads; 0: one per core."""
    drain_seconds: int | None = None
    environment: tuple[tuple[str, str], ...] = ()


DEFAULTS = ProxySettings()


class ProxyConfigs:
    """All ProxyConfigs of a cluster, oldest first, over the mesh's defaults."""

    def __init__(
        self,
        configs: Iterable[ProxyConfig] = (),
        *,
        root_namespace: str = "istio-system",
        defaults: DefaultProxyConfig | None = None,
    ) -> None:
        self._root = root_namespace
        self._defaults = defaults or DefaultProxyConfig()
        self._all = tuple(configs)

    def of(self, pod: Pod, namespace: str) -> ProxySettings:
        """The settings of a pod's proxy."""
        levels = tuple(self._levels(pod, namespace))
        environment: dict[str, str] = {}
        for level in reversed(levels):
            environment |= level.environment
        numbers = (level.concurrency for level in levels if level.concurrency is not None)
        drains = (level.drain_seconds for level in levels if level.drain_seconds is not None)
        return ProxySettings(next(numbers, None), next(drains, None), tuple(sorted(environment.items())))

    def _levels(self, pod: Pod, namespace: str) -> Iterator["_Level"]:
        """What is said of the pod, narrowest first."""
        written = pod.metadata.annotations.get(ANNOTATION)
        if written:
            yield _of_defaults(read_proxy_defaults(written).config)
        own = [config for config in self._all if config.metadata.namespace == namespace]
        yield from (_of_config(one) for one in own if _selects(one, pod.metadata.labels))
        yield from (_of_config(one) for one in own if not _selector(one))
        if namespace != self._root:
            roots = (config for config in self._all if config.metadata.namespace == self._root)
            yield from (_of_config(one) for one in roots if not _selector(one))
        yield _of_defaults(self._defaults)


NO_CONFIGS = ProxyConfigs()


class _Level(msgspec.Struct, frozen=True):
    concurrency: int | None
    drain_seconds: int | None
    environment: Mapping[str, str]


def _of_config(config: ProxyConfig) -> _Level:
    variables = config.spec.environment_variables
    settable = {name: value for name, value in variables.items() if may_set(name)}
    return _Level(config.spec.concurrency, None, settable)


def _of_defaults(config: DefaultProxyConfig) -> _Level:
    drain = config.drain_duration
    seconds = max(1, round(parse_duration(drain).total_seconds())) if drain else None
    return _Level(config.concurrency, seconds, config.proxy_metadata)


def _selector(config: ProxyConfig) -> Mapping[str, str]:
    return config.spec.selector.match_labels if config.spec.selector else {}


def _selects(config: ProxyConfig, labels: Mapping[str, str]) -> bool:
    selector = _selector(config)
    return bool(selector) and selector.items() <= labels.items()
