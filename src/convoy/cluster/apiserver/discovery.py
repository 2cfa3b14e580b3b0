"""Discovery: which groups, versions and resources there are, in the old form and in the aggregated one."""

from typing import Literal

from convoy.cluster.apiserver.documents import Document
from convoy.cluster.machinery.resources import ResourceTable

Form = Literal["plain", "v2", "v2beta1"]  # the aggregated forms are versions of apidiscovery.k8s.io


def aggregated_media_type(form: Form) -> str:
    """The Content-Type that an aggregated answer must carry for client-go to believe it is one."""
    if form == "plain":
        return "application/json"
    return f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"


class Discovery:
    """The discovery documents of a resource table, made again when the table changed."""

    def __init__(self, resources: ResourceTable) -> None:
        self._resources = resources

    def core(self, form: Form = "plain") -> Document:
        """What `/api` answers."""
        raise NotImplementedError

    def groups(self, form: Form = "plain") -> Document:
        """What `/apis` answers."""
        raise NotImplementedError

    def group(self, name: str) -> Document | None:
        """What `/apis/NAME` answers; None where there is no such group."""
        raise NotImplementedError

    def version(self, group: str, version: str) -> Document | None:
        """What `/apis/GROUP/VERSION` (group "": `/api/VERSION`) answers; None where there is none."""
        raise NotImplementedError
