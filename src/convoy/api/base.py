"""The shape all API objects share: frozen structs whose JSON names are lowerCamelCase.

Structs say what users may write and nothing more: no behaviour, no defaults beyond those of the API
reference. Unknown fields are errors. Mappings are decoded to plain dicts and treated as immutable.
"""

from typing import Any, ClassVar

import msgspec

from convoy.api.meta import ObjectMeta


class ApiStruct(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """A part of an API object.

    Objects are trees that are read and then never changed, so they cannot be in cycles, and the garbage
    collector need not go through thousands of them to find that out; subclasses inherit this.
    """


class ApiObject(
    ApiStruct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """An object a user writes: `apiVersion`, `kind`, `metadata`, `spec` and `status` where it has them."""

    KIND: ClassVar[str]
    API_VERSIONS: ClassVar[tuple[str, ...]]

    api_version: str
    kind: str
    metadata: ObjectMeta


Json = dict[str, Any]
