"""The client's side of SPDY/3.1, enough to play kubectl's part."""

import struct
import zlib
from collections import defaultdict

from convoy.cluster.apiserver.streams.spdy.dictionary import DICTIONARY
from convoy.cluster.apiserver.streams.spdy.frames import data_frames, half_close


class SpdyClient:
    """One connection; `data` holds what arrived by stream, `closed` which streams the server closed."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._next = 1
        self.data = defaultdict(bytes)
        self.closed = set()
        self.windows = defaultdict(int)

    def open(self, **headers):
        block = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name.encode(), value.encode()):
                block += struct.pack(">I", len(text)) + text
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        number, self._next = self._next, self._next + 2
        body = struct.pack(">IIH", number, 0, 0) + packed
        self._writer.write(struct.pack(">HHI", 0x8003, 1, len(body)) + body)
        return number

    def write(self, stream, data):
        self._writer.write(data_frames(stream, data))

    def close(self, stream):
        self._writer.write(half_close(stream))

    async def until(self, condition):
        """Read frames until `condition()` holds, or the server closed the connection."""
        while not condition():
            head = await self._reader.read(8)
            if not head:
                return
            head += await self._reader.readexactly(8 - len(head))
            word, rest = struct.unpack(">II", head)
            body = await self._reader.readexactly(rest & 0xFFFFFF)
            if not word >> 31:
                self.data[word] += body
                if rest >> 24 & 1:
                    self.closed.add(word)
            elif word & 0xFFFF == 9:
                stream, size = struct.unpack(">II", body)
                self.windows[stream] += size
            elif word & 0xFFFF == 3:
                self.closed.add(struct.unpack_from(">I", body)[0])

    def end(self):
        self._writer.close()
