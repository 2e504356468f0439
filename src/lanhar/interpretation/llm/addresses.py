"""Which addresses may be talked to."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from lanhar.errors import LanharError
from lanhar.interpretation.llm.errors import redact
from lanhar.interpretation.llm.settings import ModelSettings

_DISGUISE = re.compile(r"[\s\\]")  # read as part of the host by some, as its end by others
_LOCAL_PROVIDERS = ("openai", "hosted_vllm", "ollama_chat", "lm_studio", "llamafile")
"""litellm's providers whose every request goes through the client's own HTTP session, which knows the rule."""


def check_address(settings: ModelSettings) -> None:
    """Refuse, with `allow_remote=False`, whatever would leave this machine.

    Args:
        settings: of the model.

    Raises:
        LanharError: the address is not one of a web API, or is not on loopback and may not be elsewhere.
    """
    if settings.api_base is not None:
        _host(settings.api_base)
    if settings.allow_remote:
        return
    allowed = "allow_remote=false allows only 127.0.0.1, ::1 and localhost"
    if settings.api_base is None:
        raise LanharError(
            f"{settings.model} without api_base is remote, and {allowed}; write api_base=http://127.0.0.1:…"
        )
    if not is_loopback(settings.api_base):
        raise LanharError(f"api_base={redact(settings.api_base)!r} is remote, and {allowed}; write one of these")
    provider = settings.model.partition("/")[0]
    if provider not in _LOCAL_PROVIDERS:
        raise LanharError(
            f"model {settings.model!r} with allow_remote=false; write {' or '.join(_LOCAL_PROVIDERS)} before '/'"
        )


def says_loopback(api_base: str | None) -> bool:
    """Whether an address is on this machine by its wording alone; no name is looked up.

    Raises:
        LanharError: not an address of a web API.
    """
    if api_base is None:
        return False
    host = _host(api_base)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback(api_base: str | None) -> bool:
    """Whether an address, with every meaning that its name has, is on this machine.

    Raises:
        LanharError: not an address of a web API.
    """
    if api_base is None:
        return False
    try:
        found = socket.getaddrinfo(_host(api_base), None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found)


def loopback_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket for an address that a name was resolved to, at the moment of connecting.

    Whatever led there (a redirect, a name that changed its meaning), this is the last gate.

    Args:
        address: an entry of `socket.getaddrinfo`.

    Raises:
        PermissionError: the address is not on loopback.
    """
    family, kind, protocol, _, target = address
    if not ipaddress.ip_address(str(target[0])).is_loopback:
        raise PermissionError(f"allow_remote=false, and {target[0]} is not on loopback")
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)
    return opened


def _host(api_base: str) -> str:
    """The host of an address without user, password and other disguises."""
    try:
        parts = urlsplit(api_base)
        plain = parts.username is None and parts.port != 0 and not _DISGUISE.search(api_base)
    except ValueError:
        plain = False
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
        raise LanharError(f"api_base={redact(api_base)!r} is not an address; write it like http://127.0.0.1:8000/v1")
    return parts.hostname
