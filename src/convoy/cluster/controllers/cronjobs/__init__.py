"""CronJobs: a Job whenever a schedule says so.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""
