"""How a request can end without an answer, and the removal of keys from whatever is said about it."""

import os
import re

from lanhar.errors import LanharError

_SECRET_NAME = re.compile(r"(_API_KEY|_TOKEN|_SECRET|_ACCESS_KEY|_PASSWORD)$")
_SECRET_SHAPE = re.compile(r"\bsk-[\w*.-]+|\bAIza[\w-]{20,}|(?i:\bbearer\s+\S+)|(?<=[?&]key=)[^&\s\"']+")
_SHORTEST_SECRET = 6  # a shorter value ("true", "none") is no key and would tear holes into ordinary words


class RunStopped(LanharError):  # noqa: N818 - what happened, not an error of the program
    """No request of this run can succeed as it is set up."""


class RequestFailed(Exception):  # noqa: N818
    """This request has no answer; others may."""


class BudgetSpent(Exception):  # noqa: N818
    """The run has spent what it may; nothing was sent."""


def redact(text: str) -> str:
    """Remove every key: the values of the environment's secrets, and whatever looks like a key.

    Args:
        text: a message that may be shown or written.

    Returns:
        The text with `[key]` in the place of each.
    """
    values = {value for name, value in os.environ.items() if _SECRET_NAME.search(name.upper())}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "[key]")
    return _SECRET_SHAPE.sub("[key]", text)
