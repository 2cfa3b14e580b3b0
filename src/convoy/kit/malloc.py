"""How the C library keeps the memory of this process.

Each thread of gRPC gets an arena of its own, and what one frees another does not reuse; large blocks, once
freed, are kept between small ones. A server that sends megabytes to a thousand clients, who then leave and
come back, would hold the memory of all these moments. Another C library than glibc is left as it is.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # malloc.h
_LARGE_BYTES = 8 << 20


def keep_heap_small() -> None:
    """From now on have one arena, and large blocks by themselves; before threads are started."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in (
            (_ARENA_MAX, 1),
            (_MMAP_THRESHOLD, _LARGE_BYTES),
            (_TRIM_THRESHOLD, 4 * _LARGE_BYTES),
        ):
            mallopt(parameter, value)


def give_memory_back() -> None:
    """Give the system back what is free; takes milliseconds per 100 MB."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
