"""Links, addresses and routes, through netlink; and running nft inside a namespace.

pyroute2's synchronous calls run an event loop of their own, so everything here runs in one worker thread,
which steps into the namespace at hand. One thread also keeps the order of changes plain.

Bridges get a fixed hardware address: by default a bridge takes the lowest of its ports', which changes as
pods come and go and leaves the others with a stale neighbour entry.
"""

import asyncio
import errno
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from convoy.cluster.errors import NamespacesError, WorldError
from convoy.cluster.linux.netns import inside, make_netns, write_sysctl

WAN_BRIDGE = "wan"
UPLINK = "wan0"
PODS_LINK = "pods"
POD_LINK = "eth0"
OUTSIDE_CIDR = "198.19.128.0/24"

P = ParamSpec("P")
R = TypeVar("R")


class LinkWorker:
    """The thread in which links are made."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="links")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` in the thread; netlink's refusals become a WorldError."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))
        except WorldError:
            raise
        except Exception as error:  # pyroute2's errors are spread over several modules
            raise WorldError(f"{function.__name__.replace('_', ' ')} failed: {error}.") from error

    def close(self) -> None:
        """Take no more work; what runs comes to its end."""
        self._executor.shutdown(wait=False)


def make_wan(address: str) -> None:
    """In the world's own namespace: loopback, and the bridge that all routers share."""
    _quiet_ipv6()
    with _netlink() as ip:
        _up(ip, "lo")
        bridge = _make_bridge(ip, WAN_BRIDGE, hardware="02:00:c6:13:00:01")
        ip.addr("add", index=bridge, address=address.partition("/")[0], prefixlen=_prefix(address))


def make_router(number: int, *, wan_address: str, gateways: Sequence[str], service_cidr: str) -> int:
    """A router's namespace: the pods' bridge at `gateways` (with prefixes), the uplink at `wan_address`.

    The range of the cluster's Services is local to it, so that an address that is no Service's refuses at
    once.
    """
    netns = make_netns()
    with inside(netns):
        _quiet_ipv6()
        write_sysctl("ipv4/ip_forward", "1")
        # Where br_netfilter is loaded it would rewrite frames on their way into the bridge, before the router
        # sees them, and lose those that a pod sends to itself through a Service.
        write_sysctl("bridge/bridge-nf-call-iptables", "0")
        for which in ("all", "default"):
            write_sysctl(f"ipv4/conf/{which}/send_redirects", "0")
            write_sysctl(f"ipv4/conf/{which}/rp_filter", "0")
    with _netlink() as ip:
        # A cluster that comes back is known to its neighbours by the same hardware address.
        _link_to_wan(ip, _router_link(number), netns, hardware=f"02:00:c6:13:01:{number:02x}")
    with inside(netns), _netlink() as ip:
        loopback = _up(ip, "lo")
        uplink = _up(ip, UPLINK)
        ip.addr("add", index=uplink, address=wan_address.partition("/")[0], prefixlen=_prefix(wan_address))
        bridge = _make_bridge(ip, PODS_LINK, hardware=f"02:00:c6:12:{number:02x}:01")
        for gateway in gateways:
            ip.addr("add", index=bridge, address=gateway.partition("/")[0], prefixlen=_prefix(gateway))
        ip.route("add", dst=service_cidr, oif=loopback, type="local", table=255, scope=254)
        ip.route("add", dst=OUTSIDE_CIDR, oif=uplink, scope=253)
    return netns


def make_outside(wan_cidr: str) -> int:
    """A namespace beside the clusters, to which every address of the outside range belongs."""
    netns = make_netns()
    with inside(netns):
        _quiet_ipv6()
    with _netlink() as ip:
        _link_to_wan(ip, "outside", netns, hardware="02:00:c6:13:80:01")
    with inside(netns), _netlink() as ip:
        loopback = _up(ip, "lo")
        uplink = _up(ip, UPLINK)
        ip.route("add", dst=OUTSIDE_CIDR, oif=loopback, type="local", table=255, scope=254)
        ip.route("add", dst=wan_cidr, oif=uplink, scope=253)
    return netns


def _router_link(number: int) -> str:
    return f"router{number}"


def _link_to_wan(ip: Any, name: str, netns: int, *, hardware: str) -> None:
    ip.link(
        "add",
        ifname=name,
        kind="veth",
        peer={"ifname": UPLINK, "net_ns_fd": netns, "address": hardware},
        master=socket.if_nametoindex(WAN_BRIDGE),
        state="up",
    )


def make_pod_network(router: int, name: str, *, address: str, gateway: str) -> int:
    """A pod's namespace, linked to its router's bridge.

    Everything but the gateway lies behind the gateway, other pods of the bridge, too: so the router sees both
    directions of every connection, and what it translates finds back.
    """
    netns = make_netns()
    with inside(router), _netlink() as ip:
        peer = {"ifname": POD_LINK, "net_ns_fd": netns}
        ip.link(
            "add", ifname=name, kind="veth", peer=peer, master=socket.if_nametoindex(PODS_LINK), state="up"
        )
    with inside(netns):
        _quiet_ipv6(f"conf/{POD_LINK}")
        write_sysctl("ipv4/ip_unprivileged_port_start", "0")  # containers bind port 80 without a capability
        with _netlink() as ip:
            _up(ip, "lo")
            own = _up(ip, POD_LINK)
            ip.addr("add", index=own, address=address, prefixlen=32)
            ip.route("add", dst=f"{gateway}/32", oif=own, scope=253)
            ip.route("add", gateway=gateway)
    return netns


def remove_pod_network(router: int, name: str) -> None:
    """Take a pod off the bridge at once, rather than when the kernel gets to removing its namespace."""
    with inside(router):
        _remove_link(name)


def remove_router(number: int) -> None:
    """Take a router off the shared bridge at once; its namespace goes later, and its name is free now."""
    _remove_link(_router_link(number))


def _remove_link(name: str) -> None:
    """Remove a link, unless the kernel was faster."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with _netlink() as ip:
            ip.link("del", index=socket.if_nametoindex(name))
    except OSError:
        return
    except NetlinkError as error:
        if error.code != errno.ENODEV:
            raise


def set_uplink_addresses(router: int, wanted: frozenset[str], current: frozenset[str]) -> None:
    """Make the router own exactly the load balancer addresses `wanted`, beside its first one."""
    with inside(router), _netlink() as ip:
        uplink = socket.if_nametoindex(UPLINK)
        for address in sorted(current - wanted):
            ip.addr("del", index=uplink, address=address, prefixlen=32)
        for address in sorted(wanted - current):
            ip.addr("add", index=uplink, address=address, prefixlen=32)


def run_nft(netns: int, commands: str) -> None:
    """Change a namespace's rules, all or nothing."""
    nft = find_nft()
    with inside(netns):
        result = subprocess.run([nft, "-f", "-"], input=commands, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise WorldError(f"nft refused the service rules: {' '.join(result.stderr.split())}.")


def find_nft() -> str:
    """The path of nft, which many systems keep out of ordinary users' PATH."""
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
    nft = shutil.which("nft", path=search)
    if nft is None:
        raise NamespacesError("nft was not found on this machine; install the package nftables.")
    return nft


def _netlink() -> Any:
    from pyroute2.iproute.linux import IPRoute

    return IPRoute()


def _make_bridge(ip: Any, name: str, *, hardware: str) -> int:
    ip.link("add", ifname=name, kind="bridge", address=hardware, br_forward_delay=0, br_mcast_snooping=0)
    return _up(ip, name)


def _quiet_ipv6(where: str = "conf/default") -> None:
    """No IPv6 on links, so nothing waits for duplicate address detection; ::1 on loopback stays."""
    write_sysctl(f"ipv6/{where}/disable_ipv6", "1")


def _up(ip: Any, name: str) -> int:
    index = socket.if_nametoindex(name)
    ip.link("set", index=index, state="up")
    return index


def _prefix(address: str) -> int:
    return int(address.partition("/")[2])
