"""Changes of the synthetic objects, each with what the clients must have by it."""

from collections.abc import Iterator

import msgspec

from bench.fleet.expecting import Expectation, Fact
from bench.scale.running import Mesh
from bench.synthetic.facts import PodGeneration, RouteWeight
from bench.synthetic.manifests import Size, extra_pod, host_of, port_of, virtual_service
from convoy.xds.cache.resources import ENDPOINT, ROUTE

# Neighbours in the order of changes are no neighbours in the mesh.
_STRIDE = 7919


class Change(msgspec.Struct, frozen=True):
    """An event, and the expectations that hold when it has arrived everywhere."""

    line: bytes
    expectations: tuple[Expectation, ...]


class Changes:
    """Makes changes; each is another one than all before."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._size = mesh.load.size
        self._made = self._numbers = 0
        self._weights = dict.fromkeys(range(self._size.services), 90)
        self._newest = dict.fromkeys(range(self._size.services), 0)

    def virtual_service(self) -> Change:
        """Another weight in one VirtualService."""
        number = self._next_service()
        weight = self._weights[number] = self._weights[number] % 90 + 7
        host = host_of(self._size, number)
        line = self._mesh.line("MODIFIED", virtual_service(self._size, number, weight=weight))
        return self._change(line, ROUTE, [str(port_of(self._size, number))], RouteWeight(host, weight))

    def added_pod(self) -> Change:
        """One more pod behind a service."""
        return self._add(self._next_service())

    def passing_pods(self) -> Iterator[Change]:
        """Pods that come and go without end: where one came, the one that came there before goes next."""
        while True:
            number = self._next_service()
            yield self._add(number)
            if self._newest[number] > 1:
                yield self._remove(number, self._newest[number] - 1)

    def _next_service(self) -> int:
        self._made += 1
        return self._made * _STRIDE % self._size.services

    def _add(self, number: int) -> Change:
        self._newest[number] += 1
        line = self._mesh.line("ADDED", extra_pod(self._size, number, self._newest[number]))
        fact = PodGeneration(self._size, newest=self._newest[number])
        return self._change(line, ENDPOINT, assignments_of(self._size, number), fact)

    def _remove(self, number: int, generation: int) -> Change:
        line = self._mesh.line("DELETED", extra_pod(self._size, number, generation))
        fact = PodGeneration(self._size, oldest=generation + 1)
        return self._change(line, ENDPOINT, assignments_of(self._size, number), fact)

    def _change(self, line: bytes, type_url: str, names: list[str], fact: Fact) -> Change:
        self._numbers += len(names)
        expected = [Expectation(self._numbers + n, type_url, name, fact) for n, name in enumerate(names)]
        return Change(line, tuple(expected))


def assignments_of(size: Size, number: int) -> list[str]:
    """Where the pods that come and go are endpoints: of their service, and of its first subset."""
    port, host = port_of(size, number), host_of(size, number)
    return [f"outbound|{port}||{host}", f"outbound|{port}|v1|{host}"]
