"""What the service proxy is to do, as plain data: addresses and ports, and where connections to them go."""

import msgspec

Targets = tuple[tuple[str, int], ...]


class ForwardingRule(msgspec.Struct, frozen=True, order=True):
    """Connections to any of `addresses` at `port` go to one of `targets` (address, port), by chance.

    Clients in a range of `nearby` go to that range's own targets, and nowhere if it has none. `masquerades`
    hides the client behind the node. `affinity` is for how many seconds a client keeps its target. Only
    clients in `allowed` get through, if it names ranges. Without any target connections are refused, or with
    `drops` left without an answer.
    """

    addresses: tuple[str, ...]
    protocol: str
    port: int
    targets: Targets
    nearby: tuple[tuple[str, Targets], ...] = ()
    masquerades: bool = False
    affinity: int = 0
    allowed: tuple[str, ...] = ()
    drops: bool = False

    @property
    def name(self) -> str:
        """What no other rule is called: no two have an address, protocol and port in common."""
        return f"{self.addresses[0].replace('.', '_')}_{self.protocol}_{self.port}"

    @property
    def leads_somewhere(self) -> bool:
        """Whether anybody gets to a target."""
        return bool(self.targets or any(targets for _clients, targets in self.nearby))
