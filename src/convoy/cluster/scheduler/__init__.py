"""Which node a pod goes to: `planning` decides from the objects alone, `scheduler` asks and binds."""
