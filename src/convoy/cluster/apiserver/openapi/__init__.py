"""OpenAPI v2 and v3 of what the API server serves, custom resources included.

kubectl validates, patches and explains by these documents; before 1.24 by v2 in gnostic's protobuf form only.
"""

from convoy.cluster.apiserver.documents import Document
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.schema import Schemas

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
V2_PROTOBUF_OLD = (
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"  # asked for, answered as the other
)


class OpenApi:
    """The documents of a cluster's resources, each made when first asked for after a change."""

    def __init__(self, schemas: Schemas, resources: ResourceTable) -> None:
        self._schemas = schemas
        self._resources = resources

    def v2_json(self) -> Document:
        """What `/openapi/v2` answers in JSON."""
        raise NotImplementedError

    def v2_protobuf(self) -> Document:
        """What `/openapi/v2` answers to whoever accepts V2_PROTOBUF or V2_PROTOBUF_OLD."""
        raise NotImplementedError

    def v3_index(self) -> Document:
        """What `/openapi/v3` answers: a path and a content hash per group and version."""
        raise NotImplementedError

    def v3_document(self, path: str) -> Document | None:
        """What `/openapi/v3/PATH` answers (`api/v1`, `apis/apps/v1`); None where there is none."""
        raise NotImplementedError
