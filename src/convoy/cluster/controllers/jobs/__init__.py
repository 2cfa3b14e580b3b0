"""Jobs: pods that end.

`tally` counts pods that ended, exactly once; `plan` decides what is next and when it is over.
https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""
