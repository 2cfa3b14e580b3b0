"""Requests made at random from the server's own OpenAPI: mostly sensible, always a little wrong somewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import orjson

_NAMES = ("a", "b", "c", "web", "default", "kube-system")
_USUAL_NAMES = ("a", "a", "a", "b")
_PLAIN = (*_NAMES, "nginx:1", "10.0.0.1", "1Gi", "50%", "TCP", "Always", "v1", "YQ==")
_TEXTS = (
    *_PLAIN,
    "",
    "X" * 70,
    "é",
    "-1",
    "a.example.com",
    "example.com/a",
    "2026-01-02T03:04:05Z",
    "RollingUpdate",
    "ClusterIP",
    "a=b",
    "$(X)",
    "{",
    "\u0000",
    "8080:80",
    "self.x > 1",
    "apps/v1",
    "Namespaced",
)
_NUMBERS = (0, 1, 2, 80, 8080, 30000, -1, 65536, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64 - 1, 0.5, 1e300)
_ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    "",
    [],
    {},
    [None],
    {"": None},
    [[]],
    "x",
    1.5,
    {"a": {"b": []}},
)
_QUERY_VALUES = (
    "",
    "true",
    "false",
    "1",
    "0",
    "All",
    "Strict",
    "Ignore",
    "x",
    "-1",
    "9" * 30,
    "a=b",
    "a in (b)",
)
_SELECTORS = (
    "a=b",
    "a!=b",
    "a in (b,c)",
    "!a",
    "a>1",
    "a,b",
    "a=b=c",
    "=",
    "metadata.name=a",
    "spec.x=1",
    "a\\",
)
_PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_ACCEPTS = (
    "application/json",
    "*/*",
    "application/yaml",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "text/html",
    "",
)
_BODY_TYPES = (
    "application/json",
    "application/json",
    "application/json",
    "application/yaml",
    "text/plain",
    "",
)
_STREAMS = ("/exec", "/attach", "/portforward", "/log")
_DEEPEST = 7

_POD = {"containers": [{"name": "a", "image": "a"}]}
_TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": _POD}
_JOB = {"metadata": {}, "spec": {**_POD, "restartPolicy": "Never"}}
_SELECTOR = {"matchLabels": {"app": "a"}}
_SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "default": 1},
                "b": {"type": "array", "items": {"type": "string"}},
            },
            "x-kubernetes-validations": [{"rule": "!has(self.a) || self.a < 100"}],
        }
    },
}
# One valid object of each kind with rules of its own, by where it is created.
SEEDS: Mapping[str, dict[str, Any]] = {
    "/api/v1/namespaces/default/serviceaccounts": {"metadata": {"name": "default"}},
    "/api/v1/namespaces/default/pods": {"spec": _POD},
    "/api/v1/namespaces/default/services": {"spec": {"ports": [{"port": 80}]}},
    "/api/v1/namespaces/default/configmaps": {"data": {"a": "b"}},
    "/api/v1/namespaces/default/secrets": {"stringData": {"a": "b"}},
    "/api/v1/namespaces": {},
    "/api/v1/nodes": {},
    "/api/v1/namespaces/default/replicationcontrollers": {
        "spec": {"selector": {"app": "a"}, "template": _TEMPLATE}
    },
    "/apis/apps/v1/namespaces/default/deployments": {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
    "/apis/apps/v1/namespaces/default/daemonsets": {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
    "/apis/apps/v1/namespaces/default/replicasets": {"spec": {"selector": _SELECTOR, "template": _TEMPLATE}},
    "/apis/apps/v1/namespaces/default/statefulsets": {
        "spec": {"selector": _SELECTOR, "template": _TEMPLATE, "serviceName": "a"}
    },
    "/apis/batch/v1/namespaces/default/jobs": {"spec": {"template": _JOB}},
    "/apis/batch/v1/namespaces/default/cronjobs": {
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": _JOB}}}
    },
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers": {
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"},
        }
    },
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses": {
        "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}}
    },
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets": {
        "spec": {"selector": _SELECTOR, "minAvailable": 1}
    },
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles": {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    },
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
        "metadata": {"name": "wheels.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "wheels", "kind": "Wheel"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": _SCHEMA}}
            ],
        },
    },
    "/apis/example.com/v1/namespaces/default/wheels": {
        "apiVersion": "example.com/v1",
        "kind": "Wheel",
        "spec": {"b": ["x"]},
    },
}


@dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]


class Fuzzer:
    """Makes requests from an OpenAPI v2 document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._oddness = 0.0  # how likely each part of the request is a wrong one
        self._definitions: Mapping[str, Any] = document["definitions"]
        self._operations = [
            (method.upper(), path, operation)
            for path, item in sorted(document["paths"].items())
            for method, operation in sorted(item.items())
            if isinstance(operation, dict) and not path.endswith(_STREAMS)
        ]
        # What is deleted cannot be changed any more: most requests are about something that is there.
        self._operations += [each for each in self._operations if each[0] in ("PUT", "PATCH")] * 3

    def request(self, random: Random) -> Request:
        """One request."""
        self._oddness = random.choice((0.0, 0.0, 0.0, 0.01, 0.1))
        method, path, operation = random.choice(self._operations)
        if self._is_odd(random):
            method = random.choice(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))
        headers = {"Accept": random.choice(_ACCEPTS if self._is_odd(random) else _ACCEPTS[:4])}
        name = random.choice(_TEXTS if self._is_odd(random) else _USUAL_NAMES)
        body = None
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            body, content_type = self._body(random, method, operation, name=name)
            if content_type:
                headers["Content-Type"] = content_type
        return Request(method, self._target(random, path, operation, name=name), body, headers)

    def _is_odd(self, random: Random) -> bool:
        return random.random() < self._oddness

    def _target(self, random: Random, path: str, operation: Mapping[str, Any], *, name: str) -> str:
        namespace = random.choice(_TEXTS) if self._is_odd(random) else "default"
        filled = path.replace("{namespace}", quote(namespace, safe="")).replace(
            "{name}", quote(name, safe="")
        )
        named = [each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"]
        named = [name for name in [*named, "resourceVersion", "continue"] if name != "watch"]
        given = {
            name: random.choice(_SELECTORS if "Selector" in name else _QUERY_VALUES)
            for name in named
            if self._is_odd(random)
        }
        if operation.get("x-kubernetes-action") == "patch":
            given.setdefault("fieldManager", "fuzz")
        return filled + ("?" + urlencode(given) if given else "")

    def _body(
        self, random: Random, method: str, operation: Mapping[str, Any], *, name: str
    ) -> tuple[bytes | None, str]:
        if self._is_odd(random):
            return random.choice((b"", b"{", b"null", b"[]", b"k8s\0\1", b"\xff", b'"x"', b"- a\n- b")), ""
        schema = next(
            (each["schema"] for each in operation.get("parameters", ()) if each.get("in") == "body"), {}
        )
        if method == "PATCH":
            content_type = random.choice(_PATCH_TYPES)
            if content_type == _PATCH_TYPES[0]:
                return orjson.dumps(
                    [self._operation(random) for _ in range(random.randint(0, 3))]
                ), content_type
            schema = self._response(operation)
        else:
            content_type = random.choice(_BODY_TYPES) if self._is_odd(random) else _BODY_TYPES[0]
        body = self.value(random, schema)
        if isinstance(body, dict) and method != "DELETE":
            self._identify(random, body, operation, name=name)
        return orjson.dumps(body), content_type

    def _identify(
        self, random: Random, body: dict[str, Any], operation: Mapping[str, Any], *, name: str
    ) -> None:
        """Say what it is as the path does, so that what lies behind it is reached; now and then not."""
        about = operation.get("x-kubernetes-group-version-kind") or {}
        if not self._is_odd(random):
            group, version = about.get("group", ""), about.get("version", "")
            body["apiVersion"] = f"{group}/{version}" if group else version
            body["kind"] = about.get("kind", "")
            metadata = {"name": name}
            if random.random() < 0.2 and isinstance(body.get("metadata"), dict):
                metadata = {**body["metadata"], **metadata}
            body["metadata"] = metadata

    def _response(self, operation: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = operation["responses"].get("200", {}).get("schema", {})
        return found

    def _operation(self, random: Random) -> Any:
        paths = (
            "/metadata/labels",
            "/metadata/labels/a",
            "/spec",
            "/spec/replicas",
            "/data/a",
            "",
            "/-",
            "x",
            "/spec/0",
        )
        found = {
            "op": random.choice(("add", "remove", "replace", "test", "move", "copy", "other")),
            "path": random.choice(paths),
            "from": random.choice(paths),
            "value": random.choice((*_ODD, *_TEXTS[:8])),
        }
        if random.random() < 0.2:
            found.pop(random.choice(tuple(found)))
        return found

    def value(self, random: Random, schema: Mapping[str, Any], depth: int = 0) -> Any:
        """Something of a schema, or nearly."""
        if self._is_odd(random):
            return random.choice(_ODD)
        if "$ref" in schema:
            definition = self._definitions[schema["$ref"].rpartition("/")[2]]
            return self.value(random, definition, depth)
        kind = schema.get("type", "object")
        if kind == "object":
            return self._object(random, schema, depth)
        if kind == "array":
            count = random.randint(0, 2) if depth < _DEEPEST else 0
            return [self.value(random, schema["items"], depth + 1) for _ in range(count)]
        if kind == "boolean":
            return random.random() < 0.5
        if kind in ("integer", "number"):
            return random.choice(_NUMBERS if self._is_odd(random) else _NUMBERS[:6])
        return self._text(random, schema)

    def _object(self, random: Random, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if depth >= _DEEPEST:
            return {}
        properties: Mapping[str, Any] = schema.get("properties") or {}
        required: Sequence[str] = schema.get("required") or ()
        share = 1.5 / (1 + len(properties)) + 0.05
        found = {
            name: self.value(random, child, depth + 1)
            for name, child in properties.items()
            if random.random()
            < (1 - self._oddness / 4 if name in required or (depth == 0 and name == "spec") else share)
        }
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            for _ in range(random.randint(0, 2)):
                found[random.choice(_TEXTS if self._is_odd(random) else _NAMES)] = self.value(
                    random, values, depth + 1
                )
        if self._is_odd(random):
            found[random.choice(_TEXTS)] = random.choice(_ODD)
        return found

    def _text(self, random: Random, schema: Mapping[str, Any]) -> Any:
        if schema.get("format") == "int-or-string" and random.random() < 0.5:
            return random.choice(_NUMBERS[:6])
        if schema.get("enum") and not self._is_odd(random):
            return random.choice(schema["enum"])
        return random.choice(_TEXTS if self._is_odd(random) else _PLAIN)
