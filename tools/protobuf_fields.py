"""Write the table by which the embedded API server reads protobuf bodies, from Kubernetes' own declarations.

    python -m tools.protobuf_fields FOLDER

FOLDER holds check-outs of the public repositories kubernetes/api, kubernetes/apimachinery and
kubernetes/apiextensions-apiserver. Field numbers and types come from their `generated.proto` files. Two
facts stand only in the Go structs beside them: the JSON name with its `omitempty`, and whether a field is a
pointer. Without these a zero that was sent could not be told from one that merely was encoded: protobuf in
Go writes every field that is not a pointer. What comes out is described in `apiserver/protobuf/fields.py`.
"""

import gzip
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

TARGET = Path(__file__).parents[1] / "src/convoy/cluster/apiserver/protobuf/fields.json.gz"

_META = "k8s.io.apimachinery.pkg.apis.meta.v1."
# Messages whose JSON is not that of their fields; named in the table by the word on the right.
SPECIAL = {
    f"{_META}Time": "time",
    f"{_META}MicroTime": "microtime",
    f"{_META}Duration": "duration",
    f"{_META}FieldsV1": "json",
    "k8s.io.apimachinery.pkg.api.resource.Quantity": "quantity",
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "intstr",
    "k8s.io.apimachinery.pkg.runtime.RawExtension": "raw",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON": "json",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "orbool",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "orarray",
    "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "orstrings",
}
SCALARS = {"string": "s", "bytes": "b", "bool": "t", "double": "d", "int32": "i", "int64": "i"}
# Every group's scheme knows these kinds: client-go sends them in the version of the object they are about.
ANYWHERE = (
    "CreateOptions",
    "DeleteOptions",
    "GetOptions",
    "ListOptions",
    "PatchOptions",
    "Status",
    "UpdateOptions",
)
_NOT_SENT = ("admission", "apidiscovery", "imagepolicy")  # groups whose objects only servers exchange
# Old versions that the embedded API server has, or that its users' clients may still send.
_BETAS = ("authentication.v1beta1", "authorization.v1beta1", "extensions.v1beta1")


@dataclass(frozen=True, slots=True)
class ProtoField:
    """A field as declared: `kind` is a scalar's name or a message's full name; of the values, for a map."""

    number: int
    name: str
    kind: str
    shape: str  # "one", "list", "map"


@dataclass(frozen=True, slots=True)
class GoField:
    """What the Go struct adds: the JSON name ("" where the fields are the parent's own), and omission."""

    json_name: str
    is_kept_when_zero: bool


@dataclass(slots=True)
class Package:
    """One folder with a `generated.proto`."""

    group: str | None
    messages: dict[str, list[ProtoField]] = field(default_factory=dict)
    structs: dict[str, dict[int, GoField]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)


_MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(
    r"^\s*(?:(optional|repeated|required) )?(map<\w+, *[\w.]+>|[\w.]+) (\w+) = (\d+);", re.MULTILINE
)
_STRUCT = re.compile(r"^type (\w+) struct ?\{(?:\}|\n(.*?)^\})", re.MULTILINE | re.DOTALL)
_TAGGED = re.compile(r"^\s*(?:\w+\s+)?(\*?)([\w.\[\]*]+)\s+`([^`]*)`", re.MULTILINE)


def read_package(proto: Path) -> tuple[str, Package]:
    """A package's full name and what is declared in it and in the Go files beside it."""
    text = proto.read_text()
    name = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
    assert name, proto
    package = Package(_group(proto.parent))
    for message, body in _MESSAGE.findall(text):
        package.messages[message] = [_proto_field(name[1], *each) for each in _FIELD.findall(body)]
    for source in sorted(proto.parent.glob("*.go")):
        for struct, body in _STRUCT.findall(source.read_text()):
            package.structs[struct] = dict(_go_fields(body))
            if re.search(r"^\s*(?:metav1\.)?TypeMeta\s+`", body, re.MULTILINE) and not struct.endswith(
                "List"
            ):
                package.kinds.append(struct)
    return name[1], package


def _group(folder: Path) -> str | None:
    register = folder / "register.go"
    found = re.search(r'GroupName\s*=\s*"([\w.]*)"', register.read_text()) if register.exists() else None
    return found[1] if found else None


def _proto_field(package: str, label: str, kind: str, name: str, number: str) -> ProtoField:
    shape = "list" if label == "repeated" else "one"
    if kind.startswith("map<"):
        shape, kind = "map", kind[4:-1].split(",")[1].strip()
    if kind not in SCALARS:
        kind = kind.removeprefix(".") if kind.startswith(".") else f"{package}.{kind}"
    return ProtoField(int(number), name, kind, shape)


def _go_fields(body: str) -> Iterator[tuple[int, GoField]]:
    for pointer, _, tags in _TAGGED.findall(body):
        number = re.search(r'protobuf:"\w+,(\d+)', tags)
        json = re.search(r'json:"([^"]*)"', tags)
        if number and json:
            name, *options = json[1].split(",")
            yield int(number[1]), GoField(name, bool(pointer) or not {"omitempty", "omitzero"} & {*options})


def is_wanted(package: str) -> bool:
    """Whether objects of this package are sent to API servers."""
    if package.startswith("k8s.io.api."):
        version = package.removeprefix("k8s.io.api.")
        is_sent = version.partition(".")[0] not in _NOT_SENT
        return is_sent and (version in _BETAS or not re.search(r"alpha|beta", version))
    return package == "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1"


class Table:
    """The table while it is made: messages get their numbers in the order in which they are met."""

    def __init__(self, packages: dict[str, Package]) -> None:
        self._packages = packages
        self._numbers: dict[str, int] = {}
        self.messages: list[list[Any]] = []

    def number(self, message: str) -> int:
        """The row of a message, made with all it refers to when it is new."""
        if message not in self._numbers:
            self._numbers[message] = len(self.messages)
            rows: list[Any] = []
            self.messages.append(rows)
            package, _, name = message.rpartition(".")
            fields = self._packages[package].messages[name]
            go = self._packages[package].structs.get(name, {})
            rows.extend(self._row(message, each, go.get(each.number)) for each in fields)
        return self._numbers[message]

    def _row(self, message: str, each: ProtoField, go: GoField | None) -> list[Any]:
        if go is None:
            raise SystemExit(f"{message}.{each.name}: no Go field has its number")
        if not go.json_name:
            return [each.number, "", self._kind(each.kind), "inline"]
        shape = each.shape
        if shape == "one":
            shape = "kept" if go.is_kept_when_zero else "omitted"
        return [each.number, go.json_name, self._kind(each.kind), shape]

    def _kind(self, kind: str) -> str | int:
        if kind in SCALARS:
            return SCALARS[kind]
        if kind in SPECIAL:
            return SPECIAL[kind]
        package, _, name = kind.rpartition(".")
        if name not in self._packages[package].structs:
            # A named Go slice of strings (ExtraValue, Verbs), a message on the wire only.
            assert [each.shape for each in self._packages[package].messages[name]] == ["list"], kind
            return "strings"
        return self.number(kind)


def build_table(packages: dict[str, Package]) -> dict[str, Any]:
    """The whole table, as it is written."""
    table = Table(packages)
    kinds: dict[str, dict[str, int]] = {}
    for name, package in sorted(packages.items()):
        if is_wanted(name) and package.group is not None:
            version = name.rpartition(".")[2]
            api_version = f"{package.group}/{version}" if package.group else version
            kinds[api_version] = {kind: table.number(f"{name}.{kind}") for kind in _sent(package)}
    anywhere = {kind: table.number(f"{_META}{kind}") for kind in ANYWHERE}
    special = {
        "schema": table.number("k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"),
    }
    return {"kinds": kinds, "anywhere": anywhere, **special, "messages": table.messages}


def _sent(package: Package) -> Iterable[str]:
    return (kind for kind in sorted(package.kinds) if kind in package.messages)


def main(folder: str) -> None:
    """Read FOLDER, write the table."""
    packages = dict(read_package(proto) for proto in sorted(Path(folder).rglob("generated.proto")))
    text = orjson.dumps(build_table(packages))
    TARGET.write_bytes(gzip.compress(text, mtime=0))
    print(f"{TARGET.name}: {len(text)} bytes, {TARGET.stat().st_size} compressed")


if __name__ == "__main__":
    main(*sys.argv[1:])
