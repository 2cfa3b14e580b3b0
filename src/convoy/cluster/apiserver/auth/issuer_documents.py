"""What verifies service account tokens from outside: OpenID discovery, and the public keys.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
"""

from convoy.cluster.apiserver.documents import Document, make_json
from convoy.cluster.tokens import ALGORITHM, ISSUER, TokenIssuer

DISCOVERY_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/openid/v1/jwks"


def issuer_documents(issuer: TokenIssuer) -> dict[str, Document]:
    """The documents of one cluster's issuer, by path; pods reach them where the tokens say they come from."""
    discovery = {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
    }
    return {
        DISCOVERY_PATH: make_json(discovery),
        KEYS_PATH: make_json(issuer.jwks(), "application/jwk-set+json"),
    }
