"""Who is asking for what: claims of processes, and whether a process still lives."""

import os
import platform
import sqlite3
import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LEASE_S = 600.0
"""How long a claim holds where its process cannot be looked at, such as in another container; renewed meanwhile."""


@dataclass(frozen=True)
class Owner:
    """A process that claims keys.

    Attributes:
        id: random, one for each opened store.
        host: machine and process namespace.
        pid: process id there.
        started: when it began, since a process id is given again; None where the system does not tell.
    """

    id: str
    host: str
    pid: int
    started: str | None


def new_owner() -> Owner:
    """This process, under a new id."""
    return Owner(uuid.uuid4().hex, this_host(), os.getpid(), started(os.getpid()))


@cache
def this_host() -> str:
    """The machine's name and, where the system has them, the namespace that process ids mean something in."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return f"{platform.node()} {namespace}".strip()


def started(pid: int) -> str | None:
    """When a process of this host began, as boot and clock ticks since; "" for one that ended and waits to be reaped.

    None where the system does not tell.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    # State and start time are fields 3 and 22 of proc_pid_stat(5); the name before may hold anything.
    return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"


def lives(owner: Owner, expires: float) -> bool:
    """Whether the owner may still be asking.

    Args:
        owner: a process of this host is looked at; for any other the lease decides.
        expires: end of its lease, Unix time.
    """
    if owner.host != this_host():
        return time.time() < expires
    now = started(owner.pid)
    if now is not None and owner.started is not None:
        return now == owner.started
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def claim(connection: sqlite3.Connection, key: str, owner: Owner) -> bool:
    """Claim a key within a transaction; false where somebody alive has it, be it the owner itself."""
    row = connection.execute(
        "SELECT owner.id, host, pid, started, expires FROM claim JOIN owner ON owner.id = claim.owner WHERE key = ?",
        (key,),
    ).fetchone()
    if row is not None:
        holder, expires = Owner(*row[:4]), row[4]
        if holder == owner or lives(holder, expires):
            return False
        end(connection, holder.id)
    connection.execute("INSERT OR REPLACE INTO claim VALUES (?, ?)", (key, owner.id))
    return True


def renew(connection: sqlite3.Connection, owner: Owner) -> None:
    """Begin the lease of all of an owner's claims anew, within a transaction."""
    connection.execute(
        "INSERT INTO owner VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET expires = excluded.expires",
        (owner.id, owner.host, owner.pid, owner.started, time.time() + LEASE_S),
    )


def end(connection: sqlite3.Connection, owner: str) -> None:
    """Drop an owner with all its claims, within a transaction."""
    connection.execute("DELETE FROM claim WHERE owner = ?", (owner,))
    connection.execute("DELETE FROM owner WHERE id = ?", (owner,))
