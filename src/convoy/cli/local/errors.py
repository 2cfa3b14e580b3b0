"""What can go wrong when a local mesh is made."""


class LocalMeshError(Exception):
    """A local mesh cannot be started or used as asked; the text is for people and says what to do."""
