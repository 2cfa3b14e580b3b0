"""Inside a pod: its PID 1, its file system, its processes.

These modules run in processes forked from the world's init, once per pod, so they import as little as they
can.
"""
