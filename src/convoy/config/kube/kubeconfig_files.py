"""The files of a kubeconfig, merged: clusters, users and contexts by name; text in, structs out.

Fields that say nothing about how to reach a cluster (extensions, preferences) are passed over.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from convoy.api.yaml import parse_yaml
from convoy.config.errors import KubeconfigError


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    pass


class Cluster(_Part, frozen=True, kw_only=True, rename="kebab"):
    """Where a cluster's API is."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    extensions: list[dict[str, Any]] = []


class ExecVariable(msgspec.Struct, frozen=True):
    """A variable of a program's environment."""

    name: str
    value: str = ""


class ExecConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A program that gives credentials."""

    api_version: str = ""
    command: str = ""
    args: list[str] | None = None
    env: list[ExecVariable] | None = None
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""


class AuthInfo(_Part, frozen=True, kw_only=True, rename="kebab"):
    """Who somebody is."""

    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    username: str = ""
    password: str = ""
    auth_provider: dict[str, Any] | None = None
    exec: ExecConfig | None = None
    as_user: str = msgspec.field(name="as", default="")
    as_uid: str = ""
    as_groups: list[str] = []
    as_user_extra: dict[str, list[str]] = {}


class Context(_Part, frozen=True, kw_only=True, rename="kebab"):
    """A cluster, a user and a namespace."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: Cluster


class _NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: AuthInfo = AuthInfo()


class _NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: Context


class _File(_Part, frozen=True, kw_only=True, rename="kebab"):
    kind: str = "Config"
    current_context: str = ""
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None


T = TypeVar("T")


class Placed(msgspec.Struct, Generic[T], frozen=True):
    """A part and the file it stands in."""

    part: T
    file: Path

    def path(self, written: str) -> Path:
        """A path written in this file."""
        return self.file.parent / Path(written).expanduser()


class Merged(msgspec.Struct):
    """What all files say together."""

    files: list[Path] = []
    current_context: str = ""
    clusters: dict[str, Placed[Cluster]] = {}
    users: dict[str, Placed[AuthInfo]] = {}
    contexts: dict[str, Placed[Context]] = {}


def merge_files(files: Iterable[Path], *, must_exist: bool) -> Merged:
    """The files as one; missing ones are passed over unless they must exist. KubeconfigError."""
    merged = Merged()
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError as error:
            if must_exist:
                raise KubeconfigError(f"the kubeconfig {file} does not exist.") from error
            continue
        except OSError as error:
            raise KubeconfigError(f"the kubeconfig {file} cannot be read: {error.strerror}.") from error
        _merge(merged, file, _parse(content, file))
    return merged


def _merge(merged: Merged, file: Path, read: _File) -> None:
    merged.files.append(file)
    merged.current_context = merged.current_context or read.current_context
    for cluster in read.clusters or ():
        merged.clusters.setdefault(cluster.name, Placed(cluster.cluster, file))
    for user in read.users or ():
        merged.users.setdefault(user.name, Placed(user.user, file))
    for context in read.contexts or ():
        merged.contexts.setdefault(context.name, Placed(context.context, file))


def _parse(content: bytes, file: Path) -> _File:
    documents, faults = parse_yaml(content)
    if faults:
        raise KubeconfigError(f"the kubeconfig {file}, line {faults[0].line}: {faults[0].message}")
    if not documents:
        return _File()
    try:
        read = msgspec.convert(_without_nulls(documents[0].data), _File)
    except msgspec.ValidationError as error:
        raise KubeconfigError(f"the kubeconfig {file} is not one: {error}.") from error
    if read.kind != "Config":
        raise KubeconfigError(f'the kubeconfig {file} is not one: its kind is "{read.kind}".')
    return read


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(item) for item in data] if isinstance(data, list) else data
