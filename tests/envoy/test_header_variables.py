"""The variables that header values may have are those that the real Envoy takes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from tests.kit.envoy_process import ENVOY

from convoy.api.validation.header_variables import OPTIONAL, PLAIN, WITH_ARGUMENTS, WITH_LENGTH, find_fault

pytestmark = pytest.mark.envoy

_ARGUMENTS = {
    "CEL": "request.path",
    "COALESCE": '{"operators":["HOSTNAME"]}',
    "COMMON_DURATION": "DS_RX_BEG:DS_TX_END:ms",
    "GRPC_STATUS": "CAMEL_STRING",
    "METADATA": "ROUTE:a:b",
    "PATH": "WQ",
    "QUERY_PARAMS": "ORIG",
}
TAKEN = (
    *(f"%{name}%" for name in sorted(PLAIN | OPTIONAL)),
    *(f"%{name}(x)%" for name in sorted(OPTIONAL)),
    *(f"%{name}({_ARGUMENTS.get(name, 'x')})%" for name in sorted(WITH_ARGUMENTS)),
    *(f"%{name}(x):5%" for name in sorted(WITH_LENGTH)),
    *(
        "",
        "100%%",
        "a%%b%HOSTNAME%",
        "%REQ(:PATH)%",
        "%REQ(X?:AUTHORITY):3%",
        '%UPSTREAM_METADATA(["a","b"])%',
    ),
)


def taken(values: tuple[str, ...], folder: Path) -> bool:
    """Whether Envoy takes a route that sets headers to these values."""
    headers = [{"header": {"key": f"x-{n}", "value": value}} for n, value in enumerate(values)]
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}, "request_headers_to_add": headers}
    manager: dict[str, Any] = {
        "@type": f"type.googleapis.com/{HttpConnectionManager.DESCRIPTOR.full_name}",
        "stat_prefix": "a",
        "route_config": {"virtual_hosts": [{"name": "a", "domains": ["*"], "routes": [route]}]},
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    chain = {"filters": [{"name": "a", "typed_config": manager}]}
    listener = {"name": "a", "address": address, "filter_chains": [chain]}
    config = folder / "headers.json"
    config.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    command = [ENVOY, "--mode", "validate", "-c", config, "-l", "critical", "--disable-hot-restart"]
    return subprocess.run(command, capture_output=True, timeout=20).returncode == 0


def test_envoy_takes_every_variable_that_validation_takes(tmp_path: Path) -> None:
    assert [value for value in TAKEN if find_fault(value)] == []
    assert taken(TAKEN, tmp_path)


@pytest.mark.parametrize("value", ["100%", "%FOO%", "%REQ()%", "%PROTOCOL:5%", "%GRPC_STATUS(X)%"])
def test_envoy_refuses_what_validation_refuses(value: str, tmp_path: Path) -> None:
    assert find_fault(value)
    assert not taken((value,), tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        "%ENVIRONMENT(PATH)%",
        "a%ENVIRONMENT(PATH):5%",
        '%COALESCE({"operators":[{"command":"ENVIRONMENT","param":"PATH"}]})%',
        r'%COALESCE({"operators":[{"command":"\u0045NVIRONMENT","param":"PATH"}]})%',
    ],
)
def test_the_environment_of_proxies_is_not_shown_although_envoy_would(value: str, tmp_path: Path) -> None:
    assert taken((value,), tmp_path)
    assert "the proxy's own" in find_fault(value)


def test_files_of_proxies_are_not_shown() -> None:
    assert find_fault("%FILE_CONTENT(/var/run/secrets/tokens/istio-token)%")
    assert find_fault('%COALESCE({"operators":[{"command":"FILE_CONTENT","param":"/a"}]})%')
