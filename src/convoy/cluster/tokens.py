"""Service account tokens of one cluster, bound to a pod and an audience, and the keys that verify them.

ES256, one signing key per cluster, kept in the state folder. Claims follow Kubernetes' bound tokens.
"""

import base64
import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.types import Options

from convoy.kit.clock import SYSTEM_CLOCK, Clock

ISSUER = "https://kubernetes.default.svc"
ALGORITHM = "ES256"
_COORDINATE = 32  # bytes


class TokenError(Exception):
    """A token that proves nothing; the text says why."""


class TokenIssuer:
    """Signs a cluster's tokens."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, clock: Clock = SYSTEM_CLOCK) -> None:
        self._key = key
        self._clock = clock
        self._public = _public_jwk(key.public_key())

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The JSON Web Key Set that verifies what this issuer signs."""
        return {"keys": [self._public]}

    def issue(
        self,
        namespace: str,
        account: str,
        *,
        audiences: Sequence[str],
        expiry: int,
        account_uid: str = "",
        pod_name: str = "",
        pod_uid: str = "",
        bound: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> str:
        """A token for an account, valid for `expiry` seconds from now, bound to a pod if one is named.

        `bound` names other objects that must exist, as in the claim `kubernetes.io`: by `secret` or `node`,
        each with `name` and `uid`.
        """
        now = int(self._clock.now().timestamp())
        named = {"name": account, **({"uid": account_uid} if account_uid else {})}
        about: dict[str, object] = {"namespace": namespace, "serviceaccount": named, **bound}
        if pod_name:
            about["pod"] = {"name": pod_name, "uid": pod_uid}
        claims = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "aud": list(audiences),
            "iat": now,
            "nbf": now,
            "exp": now + expiry,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": about,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._public["kid"]})

    def verify(self, token: str, *, audiences: Sequence[str]) -> dict[str, Any]:
        """The claims of a token that this issuer signed, that is valid now and meant for one of `audiences`.

        Raises TokenError, which says what is wrong and never shows the token.
        """
        # Times are checked below, on the clock that tests can set.
        options: Options = {
            "require": ["exp", "iat", "iss", "sub"],
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
        }
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[ALGORITHM],
                audience=list(audiences),
                issuer=ISSUER,
                options=options,
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenError(str(error)) from error
        now = self._clock.now().timestamp()
        if not isinstance(claims["exp"], int) or now >= claims["exp"]:
            raise TokenError("the token has expired")
        if now < claims.get("nbf", 0):
            raise TokenError("the token is not valid yet")
        return claims


def load_issuer(path: Path, clock: Clock = SYSTEM_CLOCK) -> TokenIssuer:
    """The issuer whose key is kept at `path`; makes a key, readable by its owner alone, if there is none."""
    if not path.exists():
        _write_new_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} does not hold an elliptic curve key")
    return TokenIssuer(key, clock)


def write_secret_file(path: Path, data: bytes) -> None:
    """Replace a file that only its owner may read; its folder is made, closed to others."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    fresh.replace(path)


def _write_new_key(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_secret_file(path, pem)


def _public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    point = {"crv": "P-256", "kty": "EC", "x": _base64(numbers.x), "y": _base64(numbers.y)}
    # RFC 7638: the thumbprint is over the required members in this order, without spaces.
    thumbprint = hashlib.sha256(json.dumps(point, separators=(",", ":")).encode()).digest()
    return {**point, "alg": ALGORITHM, "use": "sig", "kid": _encode(thumbprint)}


def _base64(number: int) -> str:
    return _encode(number.to_bytes(_COORDINATE, "big"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
