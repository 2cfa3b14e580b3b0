"""Deployments: `rollouts` plans a step, `scaling` and `revisions` have the arithmetic, `progress` the status.

One look at a Deployment takes one step; the changed ReplicaSets bring it back for the next.
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""
