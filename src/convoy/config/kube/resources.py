"""Resources of the Kubernetes API and their paths (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""

from urllib.parse import quote

import msgspec

from convoy.api.kinds import Kind, group_of


class KubeResource(msgspec.Struct, frozen=True):
    """A resource as URLs name it; `group` is empty for core."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def name(self) -> str:
        """As roles and CustomResourceDefinitions name it: `pods`, `leases.coordination.k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """As objects say it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object, or without a name of all of a namespace or of the cluster."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(quote(part, safe=":") for part in parts)


def resource_of(kind: Kind, api_version: str) -> KubeResource:
    """A kind that Convoy reads, in one of its versions."""
    return KubeResource(
        group_of(api_version), api_version.rpartition("/")[2], kind.plural, namespaced=kind.namespaced
    )


CONFIG_MAPS = KubeResource("", "v1", "configmaps")
NAMESPACES = KubeResource("", "v1", "namespaces", namespaced=False)
PODS = KubeResource("", "v1", "pods")
SECRETS = KubeResource("", "v1", "secrets")
LEASES = KubeResource("coordination.k8s.io", "v1", "leases")
TOKEN_REVIEWS = KubeResource("authentication.k8s.io", "v1", "tokenreviews", namespaced=False)
CUSTOM_RESOURCE_DEFINITIONS = KubeResource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False
)
MUTATING_WEBHOOKS = KubeResource(
    "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", namespaced=False
)
VALIDATING_WEBHOOKS = KubeResource(
    "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", namespaced=False
)
