"""What the API server asks before it keeps an object: validation, and the injection of pods."""
