class LanharError(Exception):
    """An error that the person at the keyboard can act on: one line, what was found and what to write instead."""
