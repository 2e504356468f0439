"""lanhar: human activity recognition from phone and watch IMUs, through language."""

__version__ = "0.1.0"
