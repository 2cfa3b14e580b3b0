"""`python -m bench fleet`: options in, figures out."""

import ipaddress
import pathlib

import click

from bench.fleet.client import Member
from bench.fleet.identity import NODE_PATTERN, ClientTls
from bench.fleet.own_server import measure_own_server
from bench.fleet.watch import watch_server
from bench.synthetic.manifests import Size
from bench.synthetic.members import members_of
from convoy.ca.files import load_intermediate
from convoy.kit.secrets import SecretBytes

_MOST_CLIENTS = 10_000
_FILE = click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)


@click.command()
@click.option(
    "--address", metavar="HOST:PORT", help="Any ADS server on a loopback address; without it, Convoy's own."
)
@click.option("--clients", type=click.IntRange(1, _MOST_CLIENTS), default=1000, show_default=True)
@click.option(
    "--services",
    type=click.IntRange(1, 20_000),
    default=200,
    show_default=True,
    help="Of the own server, or of the synthetic mesh.",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="For the clients."
)
@click.option("--tls", is_flag=True, help="With the own server: mutual TLS.")
@click.option("--nodes", default=NODE_PATTERN, show_default=True, help="Node IDs; {n} counts from 0.")
@click.option("--cert", type=_FILE, help="With --address: the clients' chain (PEM).")
@click.option("--key", type=_FILE, help="With --address: the clients' key (PEM).")
@click.option("--ca", type=_FILE, help="With --address: roots to check the server by (PEM).")
@click.option(
    "--issuer",
    type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path),
    help="With --address: a CA (the files of `cacerts`); the clients are pods of the synthetic mesh.",
)
@click.option("--namespaces", type=click.IntRange(1), default=10, help="Of the synthetic mesh.")
@click.option("--endpoints", type=click.IntRange(1), default=5, help="Of each of its services.")
@click.option("--server-name", default="istiod.istio-system.svc", show_default=True)
@click.option("--seconds", type=click.FloatRange(0, 3600), default=10, help="With --address: time to watch.")
@click.option("--at-most", type=click.FloatRange(1, 600), default=120, help="Seconds to wait for any step.")
def fleet(
    address: str | None,
    clients: int,
    services: int,
    processes: int,
    tls: bool,
    nodes: str,
    cert: pathlib.Path | None,
    key: pathlib.Path | None,
    ca: pathlib.Path | None,
    issuer: pathlib.Path | None,
    namespaces: int,
    endpoints: int,
    server_name: str,
    seconds: float,
    at_most: float,
) -> None:
    """Thousands of xDS clients that behave like Envoy; prints times, CPU, bytes and memory."""
    processes = min(processes, clients)
    if address is None:
        measure_own_server(clients=clients, services=services, processes=processes, tls=tls, at_most=at_most)
        return
    _check_loopback(address)
    if issuer is not None:
        size = Size(services=services, namespaces=namespaces, endpoints=endpoints)
        members = members_of(size, clients, load_intermediate(issuer), server_name=server_name)
    else:
        proof = _read_tls(cert, key, ca, server_name)
        members = [Member(nodes.replace("{n}", str(n)), proof) for n in range(clients)]
    watch_server(address, members, processes=processes, seconds=seconds, at_most=at_most)


def _check_loopback(address: str) -> None:
    host = address.rpartition(":")[0].strip("[]")
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise click.UsageError(f"{address} is not a loopback address; the fleet puts load on nothing else.")


def _read_tls(
    cert: pathlib.Path | None, key: pathlib.Path | None, ca: pathlib.Path | None, server_name: str
) -> ClientTls | None:
    if cert is None and key is None and ca is None:
        return None
    if cert is None or key is None or ca is None:
        raise click.UsageError("--cert, --key and --ca belong together.")
    return ClientTls(SecretBytes(key.read_bytes()), cert.read_bytes(), ca.read_bytes(), server_name)
