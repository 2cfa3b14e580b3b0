"""Service account tokens: who a caller is, proven by a JWT that its cluster signed.

Only the cluster's own keys (a JWKS), its issuer name and the audience `istio-ca` count. Times are checked
against the given clock with 10 s of tolerance for clock skew.
"""

from collections.abc import Mapping
from typing import Any

import jwt
import msgspec

from convoy.ca.errors import TokenError
from convoy.kit.clock import SYSTEM_CLOCK, Clock

AUDIENCE = "istio-ca"
MAX_TOKEN_BYTES = 16 * 1024
_ALGORITHMS = ("RS256", "ES256", "ES384")
_SKEW_SECONDS = 10


class TokenSubject(msgspec.Struct, frozen=True):
    """Whom a token speaks for. `pod_name` is empty when the token is not bound to a pod."""

    namespace: str
    service_account: str
    pod_name: str = ""


class TokenVerifier:
    """Checks tokens of one cluster."""

    def __init__(
        self, jwks: Mapping[str, Any], *, issuer: str, audience: str = AUDIENCE, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(jwks)).keys if key.key_id}
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    async def verify(self, token: str) -> TokenSubject:
        """Whom the token speaks for; TokenError when it is malformed, foreign or out of its time."""
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenError("The token is too long.")
        claims = self._signed_claims(token)
        self._check_times(claims)
        return _subject(claims)

    def _signed_claims(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid", "")))
            if key is None:
                raise TokenError("The token is signed with a key that this cluster does not publish.")
            return jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["exp", "aud", "iss", "sub"],
                    # Times are checked below: the library would look at the machine's clock.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError as error:
            raise TokenError(f'The token is not for the audience "{self._audience}".') from error
        except jwt.InvalidIssuerError as error:
            raise TokenError(f'The token was not issued by "{self._issuer}".') from error
        except jwt.InvalidSignatureError as error:
            raise TokenError("The signature of the token is wrong.") from error
        except jwt.PyJWTError as error:
            raise TokenError(f"The token is not acceptable: {error}.") from error

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        expires, not_before = claims["exp"], claims.get("nbf", 0)
        if not isinstance(expires, (int, float)) or not isinstance(not_before, (int, float)):
            raise TokenError("The token's times are not numbers.")
        if now >= expires + _SKEW_SECONDS:
            raise TokenError("The token has expired.")
        if now < not_before - _SKEW_SECONDS:
            raise TokenError("The token is not valid yet.")


def _subject(claims: Mapping[str, Any]) -> TokenSubject:
    try:
        bound = claims["kubernetes.io"]
        namespace, account = str(bound["namespace"]), str(bound["serviceaccount"]["name"])
        pod_name = str(bound.get("pod", {}).get("name", ""))
    except (KeyError, TypeError, AttributeError) as error:
        raise TokenError("The token is not a bound service account token.") from error
    if claims["sub"] != f"system:serviceaccount:{namespace}:{account}":
        raise TokenError("The token contradicts itself about its service account.")
    return TokenSubject(namespace, account, pod_name)
