"""What the server answers at fixed paths: version, health, discovery, OpenAPI, and documents of others."""

import platform
from collections.abc import Mapping
from dataclasses import replace

from convoy.cluster.apiserver.answers import NOT_FOUND, Answer, Header, json_answer, text_answer
from convoy.cluster.apiserver.dependencies import ApiDependencies
from convoy.cluster.apiserver.discovery import Form
from convoy.cluster.apiserver.documents import Document
from convoy.cluster.apiserver.negotiating import clauses
from convoy.cluster.apiserver.openapi import V2_PROTOBUF, V2_PROTOBUF_OLD
from convoy.cluster.apiserver.queries import Query

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}  # in Go's words
# Some installed kubectls run the one that fits this minor version.
VERSION = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.0+convoy",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": f"linux/{_MACHINES.get(platform.machine(), platform.machine())}",
}
PUBLIC = ("/healthz", "/livez", "/readyz", "/version")  # told to anybody, as the real server does
_HEALTH = ("healthz", "livez", "readyz")
_FOREVER: tuple[Header, ...] = (("Cache-Control", "public, immutable"),)


def serve_fixed(deps: ApiDependencies, path: str, query: Query, headers: Mapping[str, str]) -> Answer:
    """The answer at a path that is no resource; 404 in plain text where there is nothing."""
    if path == "/version":
        return json_answer(VERSION)
    if path.split("/")[1] in _HEALTH:
        return text_answer("ok")
    if path == "/":
        return json_answer({"paths": _paths(deps)})
    if path.startswith("/openapi/v3/") and query.has("hash"):
        # The hash in the address is that of the content.
        return _document(_find(deps, path, headers), headers).adding(_FOREVER)
    return _document(_find(deps, path, headers), headers)


def _find(deps: ApiDependencies, path: str, headers: Mapping[str, str]) -> Document | None:
    if path in deps.documents:
        return deps.documents[path]
    accept = headers.get("Accept", "")
    _, first, *rest = path.split("/")
    if first == "api" and not rest:
        return deps.discovery.core(_discovery_form(accept))
    if first == "apis" and not rest:
        return deps.discovery.groups(_discovery_form(accept))
    if first == "api" and len(rest) == 1:
        return deps.discovery.version("", rest[0])
    if first == "apis" and len(rest) == 1:
        return deps.discovery.group(rest[0])
    if first == "apis" and len(rest) == 2:
        return deps.discovery.version(*rest)
    if first == "openapi":
        return _openapi(deps, rest, accept)
    return None


def _openapi(deps: ApiDependencies, rest: list[str], accept: str) -> Document | None:
    if rest == ["v2"]:
        return deps.openapi.v2_protobuf() if _wants_protobuf(accept) else deps.openapi.v2_json()
    if rest == ["v3"]:
        return deps.openapi.v3_index()
    if rest[:1] == ["v3"]:
        return deps.openapi.v3_document("/".join(rest[1:]))
    return None


def _wants_protobuf(accept: str) -> bool:
    for clause in clauses(accept):
        if clause.media_type in (V2_PROTOBUF.lower(), V2_PROTOBUF_OLD.lower()):
            return True
        if clause.media_type in ("application/json", "*/*"):
            return False
    return False


def _discovery_form(accept: str) -> Form:
    for clause in clauses(accept):
        wanted = clause.parameters
        if wanted.get("as") == "APIGroupDiscoveryList" and wanted.get("g") == "apidiscovery.k8s.io":
            if wanted.get("v") == "v2":
                return "v2"
            if wanted.get("v") == "v2beta1":
                return "v2beta1"
        elif not wanted.get("as") and clause.media_type in ("application/json", "*/*"):
            return "plain"
    return "plain"


def _document(document: Document | None, headers: Mapping[str, str]) -> Answer:
    if document is None:
        return NOT_FOUND
    tags = (("ETag", document.etag), ("Vary", "Accept"))
    known = headers.get("If-None-Match", "")
    if document.etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Answer(b"", 304, document.media_type, tags)
    return replace(Answer(document.body, 200, document.media_type), headers=tags)


def _paths(deps: ApiDependencies) -> list[str]:
    found = {"/api", "/apis", "/openapi/v2", "/openapi/v3", *PUBLIC, *deps.documents}
    for resource in deps.registry.resources:
        if resource.group:
            found |= {f"/apis/{resource.group}", f"/apis/{resource.api_version}"}
        else:
            found.add(f"/api/{resource.version}")
    return sorted(found)
