"""Facts about logs, as a program that configures them writes them."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
from convoy.kit.logs import configure_logs, get_logger
from convoy.kit.secrets import SecretBytes
log = get_logger("room")  # made before it is configured, as modules do
configure_logs(level=%r, as_json=%r)
log.debug("little happened")
log.info("state published", view=3, key=SecretBytes(b"hidden"))
try:
    1 / 0
except ZeroDivisionError:
    log.exception("step failed")
"""


def written(*, level: str = "info", as_json: bool = False) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % (level, as_json)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert "hidden" not in done.stderr
    return done.stderr.splitlines()


def test_an_event_is_one_json_object_with_its_fields():
    published, failed = (json.loads(line) for line in written(as_json=True))
    assert published["timestamp"].endswith("Z")
    del published["timestamp"]
    assert published == {
        "event": "state published", "level": "info", "room": "room", "view": 3, "key": "<secret>"
    }  # fmt: skip
    assert "ZeroDivisionError" in failed["exception"]


def test_text_for_people_has_no_colours_where_no_terminal_is():
    first = written()[0]
    assert "state published" in first
    assert "view=3" in first
    assert "\x1b" not in "".join(written())


@pytest.mark.parametrize(("level", "events"), [("debug", 3), ("info", 2), ("error", 1)])
def test_the_level_says_what_is_written(level, events):
    assert len(written(level=level, as_json=True)) == events
