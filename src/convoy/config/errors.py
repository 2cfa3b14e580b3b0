"""What can go wrong in this room beyond the user's objects (those are Problems).

ConfigError
  FolderError    a folder or file named by the user cannot be read at all
"""


class ConfigError(Exception):
    """Root of the room's exceptions; the text is a sentence for the user."""


class FolderError(ConfigError):
    """A folder or file named by the user cannot be read."""
