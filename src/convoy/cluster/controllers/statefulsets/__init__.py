"""StatefulSets: pods with a name, a place in a row and claims of their own.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
"""
