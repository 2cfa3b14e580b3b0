"""DaemonSets: one pod on every node that suits.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""
