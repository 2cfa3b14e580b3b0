"""The holder's address, which anybody on the machine may take."""

import asyncio
import os
import socket

from convoy.cli.clusters import holding
from convoy.cli.clusters.holder import holder_address


async def test_holder_of_another_user_counts_as_none(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as taken:
        taken.bind(holder_address(tmp_path))
        taken.listen()
        assert holding.holder_pid(tmp_path) == os.getpid()
        monkeypatch.setattr(holding, "peer_uid", lambda _sock: os.geteuid() + 1)
        assert holding.holder_pid(tmp_path) == 0
        await asyncio.wait_for(holding.end_holder(tmp_path), 5)
