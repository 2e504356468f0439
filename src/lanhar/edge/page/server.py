"""The server of the page: where it listens, what it tells the terminal."""

import contextlib
import errno
import socket
import sys
from pathlib import Path

import uvicorn

from lanhar.edge.bundle import Bundle
from lanhar.edge.page.address import code_picture, code_text, is_loopback, local_addresses
from lanhar.edge.page.app import build_app
from lanhar.edge.page.certificate import certificate
from lanhar.edge.page.resources import Serving, resources
from lanhar.errors import LanharError

EVERYWHERE = ("0.0.0.0", "::")


class PageServer:
    """Listens from the moment it is made, and serves when it runs.

    Args:
        bundle: checked files.
        host: name or address to listen on.
        port: 0 takes a free one.
        certificates: folder of the certificate; None serves over HTTP.
        hop_s: seconds between predictions; None is the bundle's.
        smoothing: weight of the past in the confidences.

    Raises:
        LanharError: a value is out of range, the port is taken, the host is not this computer's, or a file is missing.
    """

    def __init__(
        self,
        bundle: Bundle,
        host: str = "127.0.0.1",
        port: int = 0,
        certificates: Path | None = None,
        hop_s: float | None = None,
        smoothing: float = 0.0,
    ) -> None:
        if not 0 <= smoothing < 1:
            raise LanharError(f"smoothing is {smoothing}; write 0 to below 1")
        if hop_s is not None and not hop_s >= 0.01:
            raise LanharError(f"hop_s is {hop_s}; write 0.01 seconds or more")
        if not 0 <= port <= 65535:
            raise LanharError(f"port is {port}; write a port of 0 to 65535")
        self._bundle, self._open = bundle, not is_loopback(host)
        addresses = (local_addresses() if host in EVERYWHERE else [host]) if self._open else []
        self._certificate = None if certificates is None else certificate(certificates, addresses)
        self._socket = _listening(host, port)
        self.port = int(self._socket.getsockname()[1])
        scheme = "https" if self._certificate else "http"
        self.address = f"{scheme}://{_in_address(addresses[0] if addresses else 'localhost')}:{self.port}/"
        serving = Serving(self.address if addresses else None, self._certificate is not None, hop_s, smoothing)
        made = {"qr.svg": code_picture(self.address)} if addresses else {}
        if self._certificate and addresses:
            made["authority.pem"] = self._certificate.authority.read_bytes()
        try:
            found = resources(bundle, serving, made)
        except LanharError:
            self._socket.close()
            raise
        files = self._certificate
        self.uvicorn = uvicorn.Server(
            uvicorn.Config(
                build_app(found),
                log_level="warning",
                server_header=False,
                ssl_certfile=files.chain if files else None,
                ssl_keyfile=files.key if files else None,
            )
        )

    def run(self) -> None:
        """Serve until the process is asked to end."""
        with contextlib.suppress(KeyboardInterrupt):
            self.uvicorn.run(sockets=[self._socket])

    def close(self) -> None:
        """Listen no longer, where it is not to run."""
        self._socket.close()

    def announce(self) -> None:
        """Print where the page is, and what a person should know before opening it."""
        _say(f"Live page of {self._bundle.folder}: {self.address}")
        if self._open:
            _say("Warning: everyone in the local network can open the page and copy the bundle's weights.")
            _say(code_text(self.address))
        if self._open and not self._certificate:
            _say("Over http a phone gives no motion data and keeps nothing offline; write https=true too.")
        if self._open and self._certificate:
            _say(
                "The phone will warn of an unknown certificate, made on this computer. To use the page offline it has "
                f"to trust {self.address}authority.pem"
            )
        if not self._open:
            _say("Only this computer can open it; for a phone write host=0.0.0.0 https=true")
        _say("Stop with Ctrl+C")


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise LanharError(
            f"host={host} is no address of this computer ({error}); write 127.0.0.1 or 0.0.0.0"
        ) from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen()
    except OSError as error:
        made.close()
        raise LanharError(_why(host, port, error)) from error
    return made


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; write another, such as port={port + 1}, or port=0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by you; write one above 1023, such as port=8765"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"host={host} is no address of this computer; write 127.0.0.1 or 0.0.0.0"
    return f"host={host} port={port} cannot be listened on ({error}); write another"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)  # noqa: T201
