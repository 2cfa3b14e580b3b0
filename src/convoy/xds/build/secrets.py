"""Secrets: keys and certificates that a proxy is handed over ADS, or the files in which it finds them.

A secret of files goes over ADS, too, so that Envoy reads the files again when they change, and that a missing
file costs its own server alone.
"""

import posixpath

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls_common_v3
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2 as secret_v3

from convoy.mesh.model import Credential, KeyFiles, KeyPair, TrustBundle, TrustFiles
from convoy.xds.build import names


def build_secret(credential: Credential) -> secret_v3.Secret:
    """One secret; that of a KeyPair holds its private key."""
    if isinstance(credential, KeyPair):
        return _of_pair(names.key_pair(credential.key), _key_pair(credential))
    if isinstance(credential, KeyFiles):
        return _of_pair(names.key_pair(credential), _key_files(credential))
    if isinstance(credential, TrustFiles):
        return _of_trust(names.trust(credential), _trust_files(credential))
    return _of_trust(names.trust(credential.key), _trust(credential))


def _of_pair(name: str, pair: tls_common_v3.TlsCertificate) -> secret_v3.Secret:
    return secret_v3.Secret(name=name, tls_certificate=pair)


def _of_trust(name: str, trust: tls_common_v3.CertificateValidationContext) -> secret_v3.Secret:
    return secret_v3.Secret(name=name, validation_context=trust)


def _key_pair(pair: KeyPair) -> tls_common_v3.TlsCertificate:
    return tls_common_v3.TlsCertificate(
        certificate_chain=core_v3.DataSource(inline_bytes=pair.chain),
        private_key=core_v3.DataSource(inline_bytes=pair.private_key.reveal()),
    )


def _key_files(files: KeyFiles) -> tls_common_v3.TlsCertificate:
    return tls_common_v3.TlsCertificate(
        certificate_chain=core_v3.DataSource(filename=files.certificate),
        private_key=core_v3.DataSource(filename=files.key),
        watched_directory=_watched(files.certificate, files.key),
    )


def _trust(bundle: TrustBundle) -> tls_common_v3.CertificateValidationContext:
    context = tls_common_v3.CertificateValidationContext(
        trusted_ca=core_v3.DataSource(inline_bytes=bundle.roots)
    )
    if bundle.revoked:
        context.crl.inline_bytes = bundle.revoked
    return context


def _trust_files(files: TrustFiles) -> tls_common_v3.CertificateValidationContext:
    context = tls_common_v3.CertificateValidationContext(
        trusted_ca=core_v3.DataSource(filename=files.roots),
        watched_directory=_watched(files.roots, files.revoked or files.roots),
    )
    if files.revoked:
        context.crl.filename = files.revoked
    return context


def _watched(*files: str) -> core_v3.WatchedDirectory | None:
    """The one folder of these files. A mounted Secret changes by a link within it, not by its files."""
    folders = {posixpath.dirname(file) for file in files}
    return core_v3.WatchedDirectory(path=folders.pop()) if len(folders) == 1 else None
