"""From a request to its answer: who asks, may they, what is it about, who serves it.

Access is decided by what the path says, before it is known whether there is such a thing: a user learns
nothing about what they may not see.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from convoy.cluster.apiserver.access import Attributes, check_access
from convoy.cluster.apiserver.answers import NOT_FOUND, Answer
from convoy.cluster.apiserver.call import Call
from convoy.cluster.apiserver.deletions import delete_object, delete_objects
from convoy.cluster.apiserver.dependencies import ApiDependencies
from convoy.cluster.apiserver.fixed import PUBLIC, serve_fixed
from convoy.cluster.apiserver.paths import Path, parse_path
from convoy.cluster.apiserver.queries import Query
from convoy.cluster.apiserver.reads import get_object, list_objects
from convoy.cluster.apiserver.subresources import Served, bind, is_review, review, serve_subresource
from convoy.cluster.apiserver.watching import Watching
from convoy.cluster.apiserver.writes import create_object, patch_object, update_object
from convoy.cluster.machinery.requests import User
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import method_not_allowed, unauthorized

_ON_COLLECTIONS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_ON_OBJECTS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_SUBRESOURCES = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}

_Handler = Callable[[Call], Awaitable[Answer]]
_VERBS: dict[str, _Handler] = {
    "get": get_object,
    "list": list_objects,
    "create": create_object,
    "update": update_object,
    "patch": patch_object,
    "delete": delete_object,
    "deletecollection": delete_objects,
}


async def serve_request(
    deps: ApiDependencies, request: web.BaseRequest, watching: Watching, *, warnings: list[str]
) -> Served:
    """The answer to a request, or what was sent already; raises StatusError."""
    target, _, query_text = request.raw_path.partition("?")
    path = parse_path(target, prefix=deps.prefix)
    if path is None:
        return NOT_FOUND
    if path.text in PUBLIC and request.method == "GET":
        return serve_fixed(deps, path.text, Query(""), request.headers)
    query = Query(query_text)
    user = deps.authenticator.user_of(request.headers)
    if user is None:
        raise unauthorized()
    if not path.resource:
        return _serve_other(deps, request, path, query, user=user)
    verb = _verb(request.method, path, query)
    check_access(deps.authorizer, user, _attributes(verb, path, query))
    resource = deps.registry.resources.find(path.group, path.version, path.resource)
    if resource is None or not _is_possible(resource, path):
        return NOT_FOUND
    if resource.deprecation:
        warnings.append(resource.deprecation)
    call = Call(deps, request, path, query, user, resource, warnings)
    return await _serve_call(call, verb, watching)


def _serve_other(
    deps: ApiDependencies, request: web.BaseRequest, path: Path, query: Query, *, user: User
) -> Answer:
    check_access(deps.authorizer, user, Attributes(request.method.lower(), path=path.text))
    answer = serve_fixed(deps, path.text, query, request.headers)
    if request.method not in ("GET", "HEAD") and answer is not NOT_FOUND:
        raise method_not_allowed()
    return answer


async def _serve_call(call: Call, verb: str, watching: Watching) -> Served:
    path, resource = call.path, call.resource
    if path.subresource:
        sub = resource.subresource(path.subresource)
        if sub is None or path.rest:
            return NOT_FOUND
        if verb not in sub.verbs:
            raise method_not_allowed()
        return await serve_subresource(call, verb)
    is_nowhere = resource.namespaced and not path.namespace
    if verb not in resource.verbs or (is_nowhere and verb not in ("list", "watch")):
        raise method_not_allowed()
    if verb == "watch":
        return await watching.serve(call)
    if verb == "create" and is_review(call):
        return await review(call)
    if verb == "create" and resource.kind == "Binding":
        return await bind(call)
    return await _VERBS[verb](call)


def _verb(method: str, path: Path, query: Query) -> str:
    """The API's word for what is asked; the method itself, in lower case, where there is none."""
    if path.subresource:
        return _ON_SUBRESOURCES.get(method, method.lower())
    if path.name:
        return _ON_OBJECTS.get(method, method.lower())
    if method == "GET" and query.flag("watch"):
        return "watch"
    return _ON_COLLECTIONS.get(method, method.lower())


def _attributes(verb: str, path: Path, query: Query) -> Attributes:
    name = path.name
    if not name and verb in ("list", "watch", "deletecollection"):
        name = _only_name(query.text("fieldSelector"))
    return Attributes(
        verb=verb,
        group=path.group,
        version=path.version,
        resource=path.resource,
        subresource=path.subresource,
        namespace=path.namespace,
        name=name,
        path=path.text,
    )


def _only_name(selector: str) -> str:
    """The one name that a field selector selects: rules for single objects then apply to lists as well."""
    for term in selector.split(","):
        field, sign, value = term.partition("=")
        if field == "metadata.name" and sign:
            return value.removeprefix("=")
    return ""


def _is_possible(resource: Resource, path: Path) -> bool:
    """Whether the path has a namespace just where the resource has one."""
    if resource.namespaced:
        return bool(path.namespace) or not path.name
    return not path.namespace or (resource.plural == "namespaces" and path.name == path.namespace)
