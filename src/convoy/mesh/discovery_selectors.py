"""discoverySelectors: the namespaces that the mesh knows at all.

Objects of other namespaces are as good as absent: neither their services nor their rules count, and their
pods have no proxies. The root namespace always counts, for it says what does.
"""

from collections.abc import Iterable, Mapping

from convoy.api.base import ApiObject
from convoy.api.istio.mesh_config import LabelSelector, LabelSelectorRequirement
from convoy.api.kube.core import Namespace
from convoy.config.view import ConfigView
from convoy.mesh.model import MeshSettings

# Every namespace of a cluster carries it.
_NAME_LABEL = "kubernetes.io/metadata.name"


def select_discovered(view: ConfigView, settings: MeshSettings) -> ConfigView:
    """The view without the namespaces that no selector selects; without selectors the very same view."""
    selectors = settings.discovery_selectors
    if not selectors:
        return view
    labels = {namespace.metadata.name: namespace.metadata.labels for namespace in view.all(Namespace)}
    verdicts: dict[str, bool] = {"": True, settings.root_namespace: True}

    def counts(obj: ApiObject) -> bool:
        name = obj.metadata.name if isinstance(obj, Namespace) else obj.metadata.namespace
        if name not in verdicts:
            verdicts[name] = is_selected({_NAME_LABEL: name, **labels.get(name, {})}, selectors)
        return verdicts[name]

    return ConfigView(
        number=view.number,
        by_kind={kind: tuple(filter(counts, objects)) for kind, objects in view.by_kind.items()},
        by_key={key: obj for key, obj in view.by_key.items() if counts(obj)},
    )


def is_selected(labels: Mapping[str, str], selectors: Iterable[LabelSelector]) -> bool:
    """Whether labels meet all that one of the selectors asks for."""
    return any(
        selector.match_labels.items() <= labels.items()
        and all(_meets(labels, requirement) for requirement in selector.match_expressions)
        for selector in selectors
    )


def _meets(labels: Mapping[str, str], requirement: LabelSelectorRequirement) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case _:
            return value is None
