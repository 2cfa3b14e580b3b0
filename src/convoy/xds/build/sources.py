"""Where Envoy gets what a resource only names: ADS for endpoints, routes and credentials that users name;
files for the identity of the pod.

ADS answers are waited for without limit. With Envoy's default of 15 s a cluster whose endpoints are late,
because the control plane died between the two answers, would replace its predecessor with an empty one.

The agent renames secrets into place, so Envoy watches the folder. The files must exist when a resource that
names them arrives; Envoy refuses it otherwise.
"""

from typing import Final

from envoy.config.core.v3 import config_source_pb2 as source_v3
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2 as secret_v3

from convoy.xds.build.packing import seconds

SDS_FOLDER: Final = "/var/run/convoy/sds"
"""Where the agent writes the secrets, one file each."""

KEY_PAIR: Final = "default"
ROOTS: Final = "ROOTCA"


def over_ads() -> source_v3.ConfigSource:
    """The stream that also brought the resource that names this one."""
    return source_v3.ConfigSource(
        ads=source_v3.AggregatedConfigSource(),
        resource_api_version=source_v3.V3,
        initial_fetch_timeout=seconds(0),
    )


def secret(name: str, folder: str) -> secret_v3.SdsSecretConfig:
    """A secret in the agent's folder."""
    path = source_v3.PathConfigSource(path=f"{folder}/{name}.yaml")
    path.watched_directory.path = folder
    return secret_v3.SdsSecretConfig(
        name=name,
        sds_config=source_v3.ConfigSource(path_config_source=path, resource_api_version=source_v3.V3),
    )


def credential(name: str) -> secret_v3.SdsSecretConfig:
    """A secret that the control plane hands over, and again whenever it changes."""
    return secret_v3.SdsSecretConfig(name=name, sds_config=over_ads())
