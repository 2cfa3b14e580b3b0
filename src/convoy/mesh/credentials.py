"""What Secrets and ConfigMaps give to proxies of their own namespace: key pairs, and roots of trust.

Both spellings of the keys are read, those of `kubernetes.io/tls` and the older generic ones. Roots stand in a
Secret of their own, named `<name>-cacert`, or beside the key pair:
https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from convoy.api import codes
from convoy.api.codes import ProblemCode
from convoy.api.kube.core import ConfigMap, Secret
from convoy.kit.secrets import SecretBytes
from convoy.kit.times import format_time
from convoy.mesh.model import (
    Credential,
    CredentialKey,
    KeyFiles,
    KeyPair,
    KeyPairRef,
    TrustBundle,
    TrustFiles,
    TrustRef,
    Upstream,
)
from convoy.mesh.pem import is_bundle, is_revocation_list, read_pair

CA_SUFFIX = "-cacert"
_PAIRS = (("tls.crt", "tls.key"), ("cert", "key"))
_ROOTS = ("ca.crt", "cacert")
_REVOKED = ("ca.crl", "crl")
_KNOWN = frozenset((*(name for pair in _PAIRS for name in pair), *_ROOTS, *_REVOKED))


class CredentialFault(msgspec.Struct, frozen=True):
    """Why a credential cannot be used, and what to do."""

    code: ProblemCode
    message: str
    remedy: str


class Credentials:
    """The Secrets and ConfigMaps that were handed over. `now` None: no certificate counts as expired."""

    def __init__(
        self,
        secrets: Iterable[Secret] = (),
        config_maps: Iterable[ConfigMap] = (),
        *,
        now: datetime | None = None,
    ) -> None:
        self._secrets = {(one.metadata.namespace, one.metadata.name): one for one in secrets}
        self._config_maps = {(one.metadata.namespace, one.metadata.name): one for one in config_maps}
        self._now = now
        self._expiries: set[datetime] = set()

    @property
    def first_expiry(self) -> datetime | None:
        """When the first of the certificates that were asked for, and are good now, expires."""
        return min(self._expiries, default=None)

    def means_the_same(self, now: datetime | None) -> bool:
        """Whether the same Secrets give the same at another time, as far as was asked."""
        if now is None or self._now is None:
            return now is self._now
        return self._now <= now and all(now < expiry for expiry in self._expiries)

    def find_key_pair(self, key: CredentialKey) -> KeyPair | CredentialFault:
        """The certificate chain and private key of a Secret."""
        secret = self._secrets.get((key.namespace, key.name))
        if secret is None:
            return _missing(key)
        names = next((pair for pair in _PAIRS if all(_has(secret, name) for name in pair)), None)
        if names is None:
            return _without_keys(key, secret, "tls.crt and tls.key, or cert and key")
        chain, private = (_value(secret, name) for name in names)
        made = KeyPair(key, chain, SecretBytes(private))
        return self._fault_of(made, names) or made

    def find_trust(self, key: CredentialKey) -> TrustBundle | CredentialFault:
        """The roots of `<name>-cacert`, of the Secret itself or, for a ConfigMap's key, of that."""
        if key.is_config_map:
            return _trust_of_map(key, self._config_maps.get((key.namespace, key.name)))
        secret = self._secrets.get((key.namespace, key.name + CA_SUFFIX))
        secret = secret or self._secrets.get((key.namespace, key.name))
        if secret is None:
            return _missing(key)
        name = next((name for name in _ROOTS if _has(secret, name)), None)
        if name is None:
            return _without_keys(key, secret, " or ".join(_ROOTS), is_trust=True)
        listed = next((name for name in _REVOKED if _has(secret, name)), None)
        bundle = TrustBundle(key, _value(secret, name), _value(secret, listed) if listed else b"")
        return _trust_fault(bundle, f"Secret {secret.metadata.namespace}/{secret.metadata.name}") or bundle

    def trust_key(self, namespace: str, name: str) -> CredentialKey:
        """What a name stands for where it may be a Secret's or a ConfigMap's: the Secret, if there is one."""
        is_secret = any((namespace, each) in self._secrets for each in (name, name + CA_SUFFIX))
        is_map = not is_secret and (namespace, name) in self._config_maps
        return CredentialKey(namespace, name, is_config_map=is_map)

    def find_pair(self, ref: KeyPairRef) -> Credential | CredentialFault:
        """What a proxy is given for a reference to a key pair."""
        return ref if isinstance(ref, KeyFiles) else self.find_key_pair(ref)

    def find_roots(self, ref: TrustRef) -> Credential | CredentialFault:
        """What a proxy is given for a reference to roots."""
        return ref if isinstance(ref, TrustFiles) else self.find_trust(ref)

    def _fault_of(self, pair: KeyPair, names: tuple[str, str]) -> CredentialFault | None:
        reading, where = read_pair(pair.chain, pair.private_key), _named(pair.key)
        if reading.fault:
            spelled = {"chain": f"{names[0]} of {where}", "key": f"{names[1]} of {where}"}
            message = reading.fault.format(**spelled)
            code = codes.CREDENTIAL_MISMATCH if reading.is_mismatch else codes.CREDENTIAL_UNUSABLE
            return CredentialFault(code, message, _RENEW)
        if self._now is None or reading.expires is None:
            return None
        if reading.expires <= self._now:
            message = f"The certificate of {where} expired on {format_time(reading.expires)}."
            return CredentialFault(codes.CREDENTIAL_EXPIRED, message, "Renew it.")
        self._expiries.add(reading.expires)
        return None


def find_credentials(upstreams: Iterable[Upstream], credentials: Credentials) -> Iterator[Credential]:
    """What a proxy needs to call upstreams as their policies say; what cannot be used is left out."""
    for origination in (upstream.tls.origination for upstream in upstreams):
        if origination is None:
            continue
        pair, roots = origination.key_pair, origination.trust
        found = [credentials.find_pair(pair)] if pair else []
        found += [credentials.find_roots(roots)] if roots else []
        yield from (one for one in found if not isinstance(one, CredentialFault))


def sorted_credentials(credentials: Iterable[Credential]) -> tuple[Credential, ...]:
    """Each once, in the settled order."""
    return tuple(sorted(dict.fromkeys(credentials), key=_order))


def _order(credential: Credential) -> tuple[str, str, str, bool]:
    kind = type(credential).__name__
    if isinstance(credential, KeyFiles):
        return (kind, credential.certificate, credential.key, False)
    if isinstance(credential, TrustFiles):
        return (kind, credential.roots, credential.revoked, False)
    key = credential.key
    return (kind, key.namespace, key.name, key.is_config_map)


_RENEW = "Put a certificate and its own key there, both in PEM form."


def _trust_of_map(key: CredentialKey, found: ConfigMap | None) -> TrustBundle | CredentialFault:
    if found is None:
        return _missing(key)
    name = next((name for name in _ROOTS if found.data.get(name)), None)
    if name is None:
        return _without_keys(key, found, " or ".join(_ROOTS), is_trust=True)
    listed = next((found.data[name] for name in _REVOKED if found.data.get(name)), "")
    bundle = TrustBundle(key, found.data[name].encode(), listed.encode())
    return _trust_fault(bundle, _named(key)) or bundle


def _trust_fault(bundle: TrustBundle, where: str) -> CredentialFault | None:
    if not is_bundle(bundle.roots):
        message = f"The roots of {where} are no certificates in PEM form."
    elif bundle.revoked and not is_revocation_list(bundle.revoked):
        message = f"The revocation list of {where} is none in PEM form."
    else:
        return None
    return CredentialFault(codes.CREDENTIAL_UNUSABLE, message, "Put PEM there.")


def _missing(key: CredentialKey) -> CredentialFault:
    return CredentialFault(
        codes.CREDENTIAL_NOT_FOUND,
        f"{_named(key)} was not found.",
        f"Create it in {key.namespace}, where the proxies are that need it, or let the control plane"
        " read it, or correct the name.",
    )


def _without_keys(
    key: CredentialKey, found: Secret | ConfigMap, wanted: str, *, is_trust: bool = False
) -> CredentialFault:
    listed: Mapping[str, str] = found.data if isinstance(found, ConfigMap) else _all(found)
    # Whoever names a Secret need not be allowed to see it: what else it has stays untold.
    has = ", ".join(sorted(_KNOWN & listed.keys())) or "nothing of the kind"
    message = f"{found.kind} {found.metadata.namespace}/{found.metadata.name} has no {wanted}; it has {has}."
    remedy = f"Add them, or create the Secret {key.name}{CA_SUFFIX}." if is_trust else "Add them."
    return CredentialFault(codes.CREDENTIAL_UNUSABLE, message, remedy)


def _named(key: CredentialKey) -> str:
    return f"{'ConfigMap' if key.is_config_map else 'Secret'} {key.namespace}/{key.name}"


def _all(secret: Secret) -> Mapping[str, str]:
    return {**secret.data, **secret.string_data}


def _has(secret: Secret, name: str) -> bool:
    return bool(_value(secret, name))


def _value(secret: Secret, name: str) -> bytes:
    if name in secret.string_data:
        return secret.string_data[name].encode()
    try:
        return base64.b64decode(secret.data.get(name, ""), validate=True)
    except (binascii.Error, ValueError):
        return b""
