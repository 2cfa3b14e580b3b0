"""Which cluster to talk to, and as whom: from kubeconfig files, or from inside a pod.

Sources: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ and
https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. Of several files the first that has a name
counts for it; a relative path is relative to the file that it stands in. What could be misunderstood
(passwords, a proxy) is refused.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from convoy.config.errors import KubeconfigError
from convoy.config.kube.credentials import GivenCredentials
from convoy.config.kube.exec_credentials import VERSIONS, ExecCredentials, ExecPlan
from convoy.config.kube.kubeconfig_files import AuthInfo, Cluster, ExecConfig, Merged, Placed, merge_files
from convoy.config.kube.targets import CredentialSource, KubeTarget
from convoy.kit.secrets import SecretBytes

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


def load_kubeconfig(
    path: Path | None = None, context: str | None = None, *, environ: Mapping[str, str] = os.environ
) -> KubeTarget:
    """The cluster of a context (the current one unless said) of a file, or of the files that kubectl would
    take: those of KUBECONFIG, else ~/.kube/config.

    KubeconfigError says in a sentence what is missing or cannot be used.
    """
    files = [path] if path is not None else _usual_files(environ)
    merged = merge_files(files, must_exist=path is not None)
    if not merged.files:
        looked = ", ".join(map(str, files))
        raise KubeconfigError(
            f"there is no kubeconfig: {looked} does not exist. Write one, or set KUBECONFIG."
        )
    return _target(merged, context or merged.current_context)


def in_cluster(
    *, folder: Path = SERVICE_ACCOUNT, environ: Mapping[str, str] = os.environ, cluster: str = "in-cluster"
) -> KubeTarget:
    """The cluster that this process is a pod of, as the pod's own service account; KubeconfigError elsewhere.

    The kubelet replaces the token before it expires; it is read again and again.
    """
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise KubeconfigError("this process is not in a pod: KUBERNETES_SERVICE_HOST is not set.")
    return KubeTarget(
        cluster=cluster,
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        authority=_read(folder / "ca.crt", what="certificate authority"),
        namespace=_read(folder / "namespace", what="namespace").decode().strip() or "default",
        credentials=GivenCredentials(token=folder / "token"),
    )


def _usual_files(environ: Mapping[str, str]) -> list[Path]:
    listed = [Path(name) for name in environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return listed or [Path(environ.get("HOME", "/")) / ".kube" / "config"]


def _target(merged: Merged, name: str) -> KubeTarget:
    where = ", ".join(map(str, merged.files))
    if not name:
        raise KubeconfigError(f"{where} has no current context. Choose one of: {_names(merged.contexts)}.")
    if name not in merged.contexts:
        raise KubeconfigError(f'{where} has no context "{name}", but {_names(merged.contexts)}.')
    context = merged.contexts[name].part
    if context.cluster not in merged.clusters:
        raise KubeconfigError(
            f'{where}: context "{name}" is of cluster "{context.cluster}", which is missing.'
        )
    if context.user and context.user not in merged.users:
        raise KubeconfigError(f'{where}: context "{name}" is of user "{context.user}", who is missing.')
    cluster = merged.clusters[context.cluster]
    user = merged.users.get(context.user, Placed(AuthInfo(), cluster.file))
    _check_cluster(context.cluster, cluster)
    return KubeTarget(
        cluster=context.cluster,
        server=cluster.part.server.rstrip("/"),
        authority=_authority(cluster),
        is_verified=not cluster.part.insecure_skip_tls_verify,
        server_name=cluster.part.tls_server_name,
        namespace=context.namespace or "default",
        credentials=_credentials(context.user, user, cluster),
        headers=_impersonation(user.part),
    )


def _check_cluster(name: str, cluster: Placed[Cluster]) -> None:
    part = cluster.part
    address = urlsplit(part.server)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise KubeconfigError(
            f'{cluster.file}: the server "{part.server}" of cluster "{name}" is no http or https URL.'
        )
    if part.proxy_url:
        raise KubeconfigError(f'{cluster.file}: cluster "{name}" has a proxy-url, which Convoy does not use.')
    if part.insecure_skip_tls_verify and (part.certificate_authority or part.certificate_authority_data):
        raise KubeconfigError(
            f'{cluster.file}: cluster "{name}" has a certificate authority and says insecure-skip-tls-verify,'
            " which exclude each other."
        )


def _authority(cluster: Placed[Cluster]) -> bytes:
    part = cluster.part
    if part.certificate_authority_data:
        return _decoded(cluster, "certificate-authority-data", part.certificate_authority_data)
    if part.certificate_authority:
        return _read(cluster.path(part.certificate_authority), what="certificate authority")
    return b""


def _credentials(name: str, user: Placed[AuthInfo], cluster: Placed[Cluster]) -> CredentialSource:
    part = user.part
    if part.username or part.password:
        raise KubeconfigError(
            f'{user.file}: user "{name}" has a username and password, which Kubernetes no longer accepts.'
        )
    if part.auth_provider is not None:
        raise KubeconfigError(
            f'{user.file}: user "{name}" has an auth-provider, which Kubernetes no longer has. Use exec.'
        )
    if part.exec is not None:
        return ExecCredentials(_exec_plan(name, user, part.exec, cluster))
    certificate: bytes | Path = b""
    key: SecretBytes | Path | None = None
    if part.client_certificate_data or part.client_certificate:
        certificate = (
            _decoded(user, "client-certificate-data", part.client_certificate_data)
            if part.client_certificate_data
            else user.path(part.client_certificate)
        )
    if part.client_key_data or part.client_key:
        key = (
            SecretBytes(_decoded(user, "client-key-data", part.client_key_data))
            if part.client_key_data
            else user.path(part.client_key)
        )
    if bool(certificate) != (key is not None):
        raise KubeconfigError(
            f'{user.file}: user "{name}" has a client certificate or its key, but not both.'
        )
    return GivenCredentials(token=_token(user), certificate=certificate, key=key)


def _token(user: Placed[AuthInfo]) -> SecretBytes | Path | None:
    # As client-go has it: the file counts where both are written.
    if user.part.token_file:
        return user.path(user.part.token_file)
    return SecretBytes(user.part.token.encode()) if user.part.token else None


def _exec_plan(name: str, user: Placed[AuthInfo], config: ExecConfig, cluster: Placed[Cluster]) -> ExecPlan:
    if config.api_version not in VERSIONS:
        raise KubeconfigError(
            f'{user.file}: the exec of user "{name}" is of apiVersion "{config.api_version}",'
            f" but {' and '.join(VERSIONS)} are known."
        )
    if not config.command:
        raise KubeconfigError(f'{user.file}: the exec of user "{name}" has no command.')
    if config.interactive_mode == "Always":
        raise KubeconfigError(
            f'{user.file}: the exec of user "{name}" asks for a terminal (interactiveMode Always).'
        )
    # A bare name is looked up in PATH, anything else is a path.
    command = str(user.path(config.command)) if os.sep in config.command else config.command
    return ExecPlan(
        user=name,
        api_version=config.api_version,
        command=command,
        args=tuple(config.args or ()),
        env={each.name: each.value for each in config.env or ()},
        cluster=_cluster_info(cluster) if config.provide_cluster_info else None,
        install_hint=config.install_hint,
    )


def _cluster_info(cluster: Placed[Cluster]) -> dict[str, object]:
    part = cluster.part
    info: dict[str, object] = {"server": part.server}
    if part.tls_server_name:
        info["tls-server-name"] = part.tls_server_name
    if part.insecure_skip_tls_verify:
        info["insecure-skip-tls-verify"] = True
    if authority := _authority(cluster):
        info["certificate-authority-data"] = base64.b64encode(authority).decode()
    for extension in part.extensions:
        if extension.get("name") == _EXEC_EXTENSION:
            info["config"] = extension.get("extension")
    return info


def _impersonation(user: AuthInfo) -> tuple[tuple[str, str], ...]:
    """Headers by https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation."""
    written = [("Impersonate-User", user.as_user), ("Impersonate-Uid", user.as_uid)]
    written += [("Impersonate-Group", group) for group in user.as_groups]
    for key, values in user.as_user_extra.items():
        written += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for value in values]
    return tuple((name, value) for name, value in written if value)


def _decoded(part: Placed[Cluster] | Placed[AuthInfo], field: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise KubeconfigError(f"{part.file}: {field} is not base64.") from error


def _read(file: Path, *, what: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"the {what} in {file} cannot be read: {error.strerror}.") from error


def _names(named: Mapping[str, object]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(named)) or "none at all"
