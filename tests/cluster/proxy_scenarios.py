"""Play what can happen to a Service in namespaces of its own, and print what was observed as JSON.

usage: python -m tests.cluster.proxy_scenarios
Runs as the first process of a PID namespace: whatever it starts ends with it.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.cluster.proxy_lab import Datagrams, Lab, call, callers, connect, service, silent

from convoy.cluster.network.outside.outside import Outside
from convoy.cluster.network.routers import WAN_CIDR
from convoy.cluster.types import OutsideSpec

IP, BALANCER, NODE_PORT = "198.18.16.9", "198.19.0.12", 30080


async def cluster_ip(lab: Lab) -> Any:
    await lab.east.set(service(IP), lab.a, lab.c)
    return await callers(lab.client.netns, IP)


async def cluster_ip_from_the_router(lab: Lab) -> Any:
    await lab.east.set(service(IP), lab.a)
    return (await call(lab.east.router.netns, IP))[0]


async def itself(lab: Lab) -> Any:
    await lab.east.set(service(IP), lab.a)
    return await call(lab.a.netns, IP)


async def nobody(lab: Lab) -> Any:
    await lab.east.set(service(IP))
    tcp = await call(lab.client.netns, IP)
    return [tcp, await Datagrams(lab.client.netns, IP).ask(), await call(lab.east.router.netns, IP)]


async def other_places(lab: Lab) -> Any:
    await lab.east.set(service(IP), lab.a)
    other_port = await call(lab.client.netns, IP, 81)
    other_address = await call(lab.client.netns, "198.18.16.200")
    await lab.east.set(None)
    return [other_port, other_address, await call(lab.client.netns, IP)]


async def terminating(lab: Lab) -> Any:
    await lab.east.set(service(IP), lab.a, ending=(lab.b,))
    both = await callers(lab.client.netns, IP)
    await lab.east.set(service(IP), ending=(lab.b,))
    return [both, await callers(lab.client.netns, IP)]


async def node_port(lab: Lab) -> Any:
    await lab.east.set(service(IP, node_port=NODE_PORT), lab.a, lab.c)
    addresses = [node.address for node in lab.east.router.nodes]
    answers = [await callers(lab.client.netns, address, NODE_PORT) for address in addresses]
    return [*answers, (await call(lab.east.router.netns, addresses[1], NODE_PORT))[0] in ("a", "c")]


async def local_node_port(lab: Lab) -> Any:
    made = service(IP, node_port=NODE_PORT, externalTrafficPolicy="Local")
    await lab.east.set(made, lab.a)
    one, two = (node.address for node in lab.east.router.nodes)
    return [await callers(lab.client.netns, one, NODE_PORT), await silent(lab.client.netns, two, NODE_PORT)]


async def load_balancer(lab: Lab) -> Any:
    await lab.east.set(service(IP, balancer=BALANCER), lab.a)
    hidden = [await call(lab.far.netns, BALANCER), await call(lab.client.netns, BALANCER)]
    closed = await call(lab.far.netns, BALANCER, 81)
    await lab.east.set(service(IP, balancer=BALANCER, externalTrafficPolicy="Local"), lab.a)
    shown = [await call(lab.far.netns, BALANCER), await call(lab.client.netns, BALANCER)]
    return {"hidden": hidden, "closed": closed, "shown": shown}


async def load_balancer_without_pods(lab: Lab) -> Any:
    await lab.east.set(service(IP, balancer=BALANCER))
    return await call(lab.far.netns, BALANCER)


async def removed_load_balancer(lab: Lab) -> Any:
    await lab.east.set(service(IP, balancer=BALANCER), lab.a)
    await lab.east.set(service(IP), lab.a)
    return (await call(lab.client.netns, BALANCER, patience=0.3))[0] != "a"


async def source_ranges(lab: Lab) -> Any:
    made = service(IP, balancer=BALANCER, loadBalancerSourceRanges=["198.18.0.0/16"])
    await lab.east.set(made, lab.a)
    return [(await call(lab.client.netns, BALANCER))[0], await silent(lab.far.netns, BALANCER)]


async def border(lab: Lab) -> Any:
    """A pod of west at an address that only east has; east's node; east's way out."""
    await lab.east.set(service(IP), lab.c)
    only_east = await lab.east.pod("only-east", number=123)
    places = [(only_east.address, 8080), (IP, 80), (lab.east.router.wan_address, 53)]
    return [(await call(lab.far.netns, *place, patience=0.3))[0] for place in places]


async def external_ip(lab: Lab) -> Any:
    await lab.east.set(service(IP, externalIPs=["203.0.113.7"]), lab.a)
    return (await call(lab.client.netns, "203.0.113.7"))[0]


async def affinity(lab: Lab) -> Any:
    made = service(IP, sessionAffinity="ClientIP")
    await lab.east.set(made, lab.a, lab.b, lab.c)
    first = await callers(lab.client.netns, IP)
    await lab.east.set(made, lab.a, lab.b, lab.c, await lab.east.pod("d", number=40))
    again = await callers(lab.client.netns, IP)
    left = [pod for pod in (lab.a, lab.b, lab.c) if pod.name != first[0][0]]
    await lab.east.set(made, *left)
    moved = await callers(lab.client.netns, IP)
    return {"once": len(first), "kept": first == again, "moved": len(moved) == 1 and moved != first}


async def internal_policy_local(lab: Lab) -> Any:
    await lab.east.set(service(IP, internalTrafficPolicy="Local"), lab.a, lab.c)
    near = [await callers(pod.netns, IP) for pod in (lab.client, lab.c)]
    await lab.east.set(service(IP, internalTrafficPolicy="Local"), lab.c)
    return [*near, await silent(lab.client.netns, IP)]


async def datagrams(lab: Lab) -> Any:
    """One socket throughout: to nobody, to a pod, to another one."""
    await lab.east.set(None)
    socket = Datagrams(lab.client.netns, IP)
    answers = [await socket.ask()]
    for pod in (None, lab.a, lab.b):
        await lab.east.set(service(IP), *([pod] if pod else []))
        answers.append(await socket.ask())
    return answers


async def established(lab: Lab) -> Any:
    """A connection goes on when its pod is taken out of the Service; new ones go elsewhere."""
    await lab.east.set(service(IP), lab.a)
    loop = asyncio.get_running_loop()
    with await connect(lab.client.netns, IP) as sock:
        first = (await loop.sock_recv(sock, 100)).decode().split()
        await lab.east.set(service(IP), lab.b, ending=(lab.a,))
        await loop.sock_sendall(sock, b"still there?\n")
        async with asyncio.timeout(2):
            echo = (await loop.sock_recv(sock, 100)).decode()
    return [first[0], echo, await callers(lab.client.netns, IP)]


async def rollout(lab: Lab) -> Any:
    """Endpoints come and go while one client calls all the time: every call is answered."""
    await lab.east.set(service(IP), lab.a)
    failures, calls, done = [], 0, asyncio.Event()

    async def load() -> None:
        nonlocal calls
        while not done.is_set():
            answer = await call(lab.client.netns, IP)
            calls += 1
            if len(answer) != 2:
                failures.append(answer)

    loading = [asyncio.create_task(load()) for _ in range(4)]
    for round_ in range(20):
        old, new = (lab.a, lab.b) if round_ % 2 else (lab.b, lab.a)
        await lab.east.set(service(IP), new, ending=(old,))
        await lab.east.set(service(IP), new)
    done.set()
    await asyncio.gather(*loading)
    return {"failures": failures, "enough": calls > 40}


async def withdrawal(lab: Lab) -> Any:
    """A pod is withdrawn once the Service leads elsewhere, not before; soon when it never led there."""
    await lab.east.set(service(IP), lab.a)
    await asyncio.wait_for(lab.east.proxy.withdraw(lab.b.address), 1)
    waiting = asyncio.create_task(lab.east.proxy.withdraw(lab.a.address))
    await asyncio.sleep(0.05)
    early = waiting.done()
    await lab.east.set(service(IP), lab.b, ending=(lab.a,))
    await waiting
    return [early, (await call(lab.client.netns, IP))[0]]


async def early_withdrawal(lab: Lab) -> Any:
    """A pod is withdrawn in the moment in which it becomes ready: that is waited for, too."""
    await lab.east.set(service(IP), lab.a)
    waiting = asyncio.create_task(lab.east.proxy.withdraw(lab.b.address))
    await lab.east.set(service(IP), lab.a, lab.b)
    await asyncio.sleep(0.2)
    early = waiting.done()
    await lab.east.set(service(IP), lab.a, ending=(lab.b,))
    await waiting
    return [early, (await call(lab.client.netns, IP))[0]]


async def outside(lab: Lab) -> Any:
    """Pods of either cluster reach what lies outside, behind their own router's address."""
    there = Outside(Path(sys.argv[1]), lab.worker, WAN_CIDR)
    info = await there.open(OutsideSpec(("edition.example.org",)))
    address = info.names["edition.example.org"]
    loop = asyncio.get_running_loop()
    seen = []
    for netns in (lab.client.netns, lab.far.netns):
        with await connect(netns, address) as sock:
            await loop.sock_sendall(sock, b"GET /x HTTP/1.1\r\nHost: edition.example.org\r\n\r\n")
            answer = json.loads((await loop.sock_recv(sock, 65536)).partition(b"\r\n\r\n")[2])
            seen.append([answer["host"], answer["path"], answer["client"], answer["server"]])
    return [seen, [lab.east.router.wan_address, lab.west.router.wan_address], address]


SCENARIOS: tuple[Callable[[Lab], Awaitable[Any]], ...] = (
    cluster_ip,
    cluster_ip_from_the_router,
    itself,
    nobody,
    other_places,
    terminating,
    node_port,
    local_node_port,
    load_balancer,
    load_balancer_without_pods,
    removed_load_balancer,
    source_ranges,
    border,
    external_ip,
    affinity,
    internal_policy_local,
    datagrams,
    established,
    rollout,
    withdrawal,
    early_withdrawal,
    outside,
)


async def main() -> None:
    """Play all of them, one after the other."""
    lab = Lab()
    await lab.open()
    observed: dict[str, Any] = {}
    for scenario in SCENARIOS:
        try:
            observed[scenario.__name__] = await scenario(lab)
        except Exception:
            observed[scenario.__name__] = traceback.format_exc()
    observed["failures"] = lab.east.failures + lab.west.failures
    print(json.dumps(observed), flush=True)


asyncio.run(main())
