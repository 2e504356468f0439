"""Where a phone finds this computer: addresses in the local network, and a QR code of one."""

import contextlib
import io
import ipaddress
import socket

import segno


def local_addresses() -> list[str]:
    """IPv4 addresses of this computer in the local network, the one towards other networks first; none without one."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # An address for documentation: it makes the system choose an interface, and nothing is sent.
        probe.connect(("192.0.2.1", 9))
        found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [address for address in dict.fromkeys(found) if not ipaddress.ip_address(address).is_loopback]


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches a host's name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def code_picture(text: str) -> bytes:
    """A QR code as SVG, dark on light in either colour scheme."""
    picture = io.BytesIO()
    segno.make(text, error="m").save(picture, kind="svg", scale=4, border=3, light="#fff", xmldecl=False)
    return picture.getvalue()


def code_text(text: str) -> str:
    """A QR code in half blocks, for a terminal."""
    picture = io.StringIO()
    segno.make(text, error="m").terminal(picture, border=2, compact=True)
    return picture.getvalue()
