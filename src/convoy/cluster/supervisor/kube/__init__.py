"""Clusters with an API server: their parts put together, started, kept running and stopped."""
