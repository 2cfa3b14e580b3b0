"""Making the world: the process that enters the namespaces, PID 1 inside, and the host's side of it."""
