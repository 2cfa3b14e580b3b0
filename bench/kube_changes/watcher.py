"""A program for the inside of a pod: `watcher.py HOST PORT PATH` asks without end, and tells who answers.

It prints a line whenever that is another pod than before: the time on the machine's monotonic clock when the
answer was complete, and the pod; status instead of pod when it is not 200. It ends with its standard input.
"""

import http.client
import json
import select
import sys
import time


def main(host: str, port: str, path: str) -> None:
    """Ask one request after the other over one connection."""
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    before = ""
    while not select.select([sys.stdin], [], [], 0.0005)[0]:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        pod = json.loads(body)["podname"] if answer.status == 200 else str(answer.status)
        if pod != before:
            print(f"{time.monotonic():.6f} {pod}", flush=True)
            before = pod


if __name__ == "__main__":
    main(*sys.argv[1:])
