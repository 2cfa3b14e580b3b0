"""The database file behind the store: SQLite in WAL mode.

With `synchronous=NORMAL` a commit survives the death of the process, not a power cut: right for a cluster on
a laptop, and a commit costs tens of microseconds instead of a disk flush
(https://www.sqlite.org/pragma.html#pragma_synchronous). The lock is exclusive: two processes that counted
revisions on one file would give the same number twice.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from convoy.cluster.store.errors import NewerStateError, StoreError
from convoy.cluster.store.records import Key

FORMAT = 1
BUSY_SECONDS = 1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    storage TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    revision INTEGER NOT NULL, raw BLOB NOT NULL,
    PRIMARY KEY (storage, namespace, name)
);
CREATE TABLE IF NOT EXISTS newest (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL);
INSERT OR IGNORE INTO newest VALUES (1, 0);
"""
_PUT = (
    "INSERT INTO objects VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
    " SET revision = excluded.revision, raw = excluded.raw"
)
_REMOVE = "DELETE FROM objects WHERE storage = ? AND namespace = ? AND name = ?"


class Row(NamedTuple):
    """One object on disk."""

    storage: str
    key: Key
    revision: int
    raw: bytes


class Disk:
    """An open database. Raises StoreError when it cannot be opened, NewerStateError when it is not for us."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            raise _unusable(path, error) from error
        except OSError as error:
            raise StoreError(f"The database {path} cannot be opened: {error}.") from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made here, not by SQLite, for its mode: the log beside it gets the same.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._check_format(database)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={FORMAT};COMMIT")
        except BaseException:
            database.close()
            raise
        return database

    def _check_format(self, database: sqlite3.Connection) -> None:
        found = int(database.execute("PRAGMA user_version").fetchone()[0])
        if found > FORMAT:
            raise NewerStateError(
                f"The database {self._path} was written by a newer Convoy (format {found}, this one knows"
                f" {FORMAT}). Use that version, or start anew with `convoy down --purge`."
            )

    def revision(self) -> int:
        """The newest revision that was committed."""
        return int(self._database.execute("SELECT revision FROM newest").fetchone()[0])

    def rows(self) -> Iterator[Row]:
        """Everything there is, sorted by storage, namespace and name. Raises StoreError."""
        query = "SELECT storage, namespace, name, revision, raw FROM objects ORDER BY 1, 2, 3"
        try:
            for storage, namespace, name, revision, raw in self._database.execute(query):
                yield Row(storage, Key(namespace, name), revision, raw)
        except sqlite3.DatabaseError as error:
            raise _unusable(self._path, error) from error

    def write(self, changes: Mapping[tuple[str, Key], tuple[int, bytes] | None], *, revision: int) -> None:
        """Commit new states (None: removed) and the newest revision, all or nothing; raises StoreError."""
        puts = [(storage, *key, *state) for (storage, key), state in changes.items() if state is not None]
        removed = [(storage, *key) for (storage, key), state in changes.items() if state is None]
        execute = self._database.execute
        try:
            execute("BEGIN")
            if puts:
                self._database.executemany(_PUT, puts)
            if removed:
                self._database.executemany(_REMOVE, removed)
            execute("UPDATE newest SET revision = ?", (revision,))
            execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                execute("ROLLBACK")
            raise StoreError(f"The database {self._path} cannot be written: {error}.") from error

    def close(self) -> None:
        """Let go of the file; the log beside it is folded in."""
        self._database.close()


def damaged(path: Path, detail: object) -> StoreError:
    """What to say of a database that does not hold what was written."""
    return StoreError(
        f"The database {path} is damaged ({detail}): put a copy of it back, or remove {path.parent} to start "
        "this cluster anew."
    )


def _unusable(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, error)
    return StoreError(f"The database {path} cannot be opened: {error}.")
