"""The embedded cluster's API server under load: creates, watchers, lists."""
