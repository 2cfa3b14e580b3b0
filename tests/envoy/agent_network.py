"""Make one end of the link between a test's node and its pod; runs inside the namespace of that end.

usage: python -m tests.envoy.agent_network node PID | pod
"""

import sys

from pyroute2 import IPRoute

NODE_IP, POD_IP = "198.18.9.1", "198.18.9.2"


def set_up_node(pod_pid: int) -> None:
    with IPRoute() as ip:
        ip.link("set", index=ip.link_lookup(ifname="lo")[0], state="up")
        ip.link(
            "add", ifname="pod0", kind="veth", peer={"ifname": "eth0", "net_ns_fd": f"/proc/{pod_pid}/ns/net"}
        )
        index = ip.link_lookup(ifname="pod0")[0]
        ip.addr("add", index=index, address=NODE_IP, prefixlen=24)
        ip.link("set", index=index, state="up")


def set_up_pod() -> None:
    with IPRoute() as ip:
        ip.link("set", index=ip.link_lookup(ifname="lo")[0], state="up")
        index = ip.link_lookup(ifname="eth0")[0]
        ip.addr("add", index=index, address=POD_IP, prefixlen=24)
        ip.link("set", index=index, state="up")
        ip.route("add", dst="default", gateway=NODE_IP)


if __name__ == "__main__":
    if sys.argv[1] == "node":
        set_up_node(int(sys.argv[2]))
    else:
        set_up_pod()
