"""The host's side of a world: its state folder and lock, the control socket, the process that keeps it.

The control socket is an abstract one in the host's network namespace, so it vanishes with its last holder;
its name comes from the state folder, so two worlds run side by side. It is bound, and connected to, before
the world is started: the connection waits in the backlog until the supervisor, or whoever failed before it,
answers.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import convoy
from convoy.cluster.channel import peer_uid
from convoy.cluster.errors import WorldBusyError, WorldError, WorldGoneError

_BACKLOG = 64
_PASSING = 2.0  # seconds within which a killed world is surely gone; until then it looks like a running one
_LOOK_AGAIN = 0.05
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


class KeeperProcess:
    """A started world: the connection that waits for its supervisor, and the process it hangs on."""

    def __init__(
        self, process: subprocess.Popen[bytes], connection: socket.socket, lifeline: int, log: Path
    ) -> None:
        self.connection = connection
        self._process = process
        self._lifeline = lifeline
        self._log = log

    def last_words(self) -> str:
        """The end of the world's own log, for a message about its unexpected end."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it left no message"

    async def end(self) -> None:
        """End the world and wait until the kernel has removed all of it."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        await asyncio.to_thread(self._process.wait)


async def start_keeper(state_dir: Path) -> KeeperProcess:
    """Lock the state folder and start a world for it; raises WorldBusyError when one runs already."""
    state_dir = prepare_state_dir(state_dir)
    lock = await _lock(state_dir)
    try:
        listener = _listen(state_dir)
    except BaseException:
        os.close(lock)
        raise
    # Any thread's end would be the parent's death for what it started, so this stays in the loop's own
    # thread.
    with contextlib.closing(listener):
        try:
            return _spawn(state_dir, listener, lock)
        finally:
            os.close(lock)


def prepare_state_dir(state_dir: Path) -> Path:
    """The state folder's real path; made, and closed to others, if need be."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if state_dir.stat().st_uid != os.geteuid():
        raise WorldError(f"{state_dir} belongs to another user; choose a state folder of your own.")
    state_dir.chmod(0o700)
    return state_dir.resolve()


def control_address(state_dir: Path) -> bytes:
    """The abstract address of the world of a state folder."""
    name = hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:32]
    return b"\0convoy-world-%d-%s" % (os.geteuid(), name.encode())


def connect_control(state_dir: Path) -> socket.socket:
    """A connection to the running world of a state folder; raises WorldGoneError when there is none."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(control_address(state_dir))
        if peer_uid(sock) != os.geteuid():
            raise WorldError(f"the control socket of {state_dir} is held by another user.")
    except OSError as error:
        sock.close()
        raise WorldGoneError(f"no world runs from {state_dir}; start one first.") from error
    except BaseException:
        sock.close()
        raise
    return sock


async def _lock(state_dir: Path) -> int:
    """Take the lock, which every process of the world holds; a world that is just ending is waited for."""
    lock = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    loop = asyncio.get_running_loop()
    give_up = loop.time() + _PASSING
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError as error:
            if loop.time() > give_up:
                os.close(lock)
                raise WorldBusyError(
                    f"a world already runs from {state_dir}; stop it first, or choose another state folder."
                ) from error
        await asyncio.sleep(_LOOK_AGAIN)


def _listen(state_dir: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(control_address(state_dir))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise WorldError(
            f"the control socket for {state_dir} could not be made: {error.strerror}."
        ) from error
    return listener


def _spawn(state_dir: Path, listener: socket.socket, lock: int) -> KeeperProcess:
    connection = connect_control(state_dir)
    reading, lifeline = os.pipe2(os.O_CLOEXEC)
    log = state_dir / "world.log"
    inherited = (listener.fileno(), reading, lock)
    try:
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600), "ab") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "convoy.cluster.supervisor",
                    *(str(fd) for fd in inherited),
                    str(state_dir),
                ],
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the starter, which ends the world in order
            )
    except BaseException:
        connection.close()
        os.close(lifeline)
        raise
    finally:
        os.close(reading)
    return KeeperProcess(process, connection, lifeline, log)


def _environment() -> dict[str, str]:
    """What the world needs of ours; the rest, which may hold secrets, stays out of every pod."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    sources = str(Path(convoy.__file__).resolve().parents[1])
    given = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return kept | {"PYTHONPATH": os.pathsep.join([sources, *given]), "PYTHONUNBUFFERED": "1"}
