"""Persistent volumes: a claim gets a volume made by hand, or a folder in the cluster's state folder.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""
