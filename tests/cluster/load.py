"""A steady load on an HTTP server, as a program of its own: `load.py HOST PORT KIND RATE STOP`.

KIND `new` makes a connection for every request, `kept` keeps connections for as long as the server does. It
ends once there is a file STOP, and prints what it saw as JSON. A request that fails is not tried again.
"""

import http.client
import json
import os
import sys
import threading
import time

_THREADS = 4


class Load:
    """What all threads saw."""

    def __init__(self, host: str, port: int, *, keeps: bool) -> None:
        self.calls = 0
        self.pods: set[str] = set()
        self.failures: list[str] = []
        self._place = (host, port)
        self._keeps = keeps

    def run(self, pause: float, stop: str) -> None:
        """Send a request after every `pause` seconds until there is a file `stop`."""
        connection = self._connect()
        due = time.monotonic()
        while not os.path.exists(stop):
            time.sleep(max(0.0, due - time.monotonic()))
            due += pause
            try:
                self.pods.add(ask(connection))
            except Exception as error:
                self.failures.append(repr(error))
                connection.close()
            self.calls += 1
            if not self._keeps:
                connection.close()
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._place, timeout=5)


def ask(connection: http.client.HTTPConnection) -> str:
    """Which pod answers."""
    connection.request("GET", "/")
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise ValueError(answer.status)
    return str(json.loads(body)["pod"])


def main(host: str, port: str, kind: str, rate: str, stop: str) -> None:
    """Run the threads, and tell."""
    load = Load(host, int(port), keeps=kind == "kept")
    pause = _THREADS / float(rate)
    threads = [threading.Thread(target=load.run, args=(pause, stop)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"calls": load.calls, "pods": sorted(load.pods), "failures": load.failures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
