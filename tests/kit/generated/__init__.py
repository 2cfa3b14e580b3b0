"""Strategies for objects that are valid by construction, over a small universe of hosts and workloads.

Every field of every kind appears in some object. Objects are plain data, as people write them.
"""
