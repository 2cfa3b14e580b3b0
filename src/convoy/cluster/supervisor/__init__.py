"""The world's supervisor: owns networks, pods, names and sockets, and obeys the control channel."""
