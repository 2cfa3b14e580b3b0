"""A program for the inside of a pod: make requests and print the answers as JSON.

Its text is what `python -c` gets there, so it stands on the standard library alone. The names that it calls
are resolved by the pod's own resolver, and its connections are captured as those of the pod's application.
"""

import http.client
import itertools
import json
import sys
import threading
from collections.abc import Mapping
from typing import Any

_SECONDS = 20.0


def ask(connection: http.client.HTTPConnection, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """One request; status 0 says that no answer came, and the body why."""
    try:
        connection.request("GET", wanted["path"], headers={"Host": wanted["host"], **wanted["headers"]})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return {"status": 0, "body": f"{type(error).__name__}: {error}"}
    return {"status": answer.status, "body": body}


def ask_all(wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All requests, shared by some kept-alive connections."""
    turns, replies = itertools.repeat(None, wanted["count"]), list[dict[str, Any]]()

    def run() -> None:
        connection = http.client.HTTPConnection(wanted["address"], wanted["port"], timeout=_SECONDS)
        for _ in turns:  # shared between threads: `next` of an iterator made in C is atomic
            replies.append(ask(connection, wanted))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(min(wanted["connections"], wanted["count"]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


if __name__ == "__main__":
    print(json.dumps(ask_all(json.loads(sys.argv[1]))))
