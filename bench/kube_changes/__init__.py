"""From `kubectl apply` to the first request that follows it."""
