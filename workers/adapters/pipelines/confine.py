"""Become a command that sees and reaches little: `confine.py < SPEC` (JSON), a program of its own that the supervisor of a training starts.

Enclosed (needs root on Linux), the command has its own processes, mounts, network and IPC: it sees neither our processes nor our folders, and
everything that it starts ends with it. Otherwise it is merely another user. Nothing is imported from Towpath here, so that nothing of ours is in
its memory. Sources: unshare(2), mount(2), mount_setattr(2), pid_namespaces(7), prctl(2), credentials(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

NOT_CONFINED = 126
NOT_FOUND = 127
AT = "/run/towpath"
"""Where an enclosed command finds its room."""

_NEWNS, _NEWIPC, _NEWPID, _NEWNET = 0x00020000, 0x08000000, 0x20000000, 0x40000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_PDEATHSIG, _NO_NEW_PRIVS = 1, 38
_MOUNT_SETATTR, _RECURSIVE, _FDCWD = 442, 0x8000, -100
_READ_ONLY, _WITHOUT_SUID = 1, 2
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_NO_SUCH_CALL = 38
_KEYCTL, _JOIN_SESSION = {"x86_64": 250, "aarch64": 219}, 1

_libc = ctypes.CDLL(None, use_errno=True)


def main(spec: dict[str, Any]) -> NoReturn:
    """Become the command of the spec, or find out what it could read (`probe`)."""
    _end_with(spec["parent"])
    Path("/proc/self/oom_score_adj").write_text("1000")  # when the host runs out of memory, this goes first
    if spec["enclosed"]:
        _become_first(spec)
    _limit(spec["limits"])
    _drop(spec)
    if not spec["enclosed"]:
        _end_with(spec["parent"])  # the kernel forgets it when the user changes
    _forget_keys()
    _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "giving up privileges")
    os.umask(0o022)
    os.chdir(spec["folder"])
    if "probe" in spec:
        print(json.dumps(readable(spec["probe"])), flush=True)
        os._exit(0)
    _exec(spec["command"], spec["environment"])


def _told() -> dict[str, Any]:
    """The spec from standard input, which is closed then: the command could see our arguments, but not this."""
    spec = json.load(sys.stdin)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return dict(spec)


def _exec(command: list[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606  # there is no shell here on purpose
    except OSError as exc:
        print(f"towpath: cannot start {command[0]}: {exc.strerror}", file=sys.stderr, flush=True)
        os._exit(NOT_FOUND)


def _end_with(parent: int) -> None:
    """Have the kernel kill us when the process that started us is gone."""
    _checked(_libc.prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "being bound to the supervisor")
    if os.getppid() != parent:
        os._exit(NOT_CONFINED)


def _become_first(spec: dict[str, Any]) -> None:
    """Go on as a child of the first process of a new process namespace; when that ends, the kernel kills all others in it."""
    alive, held = os.pipe()
    _checked(_libc.unshare(_NEWNS | _NEWIPC | _NEWPID | (0 if spec["network"] else _NEWNET)), "making namespaces")
    if child := os.fork():
        os.close(alive)
        os._exit(_status(os.waitpid(child, 0)[1]))
    os.close(held)
    _checked(_libc.prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "being bound to the supervisor")
    if select.select([alive], [], [], 0)[0]:  # our parent was gone before the kernel was told
        os._exit(NOT_CONFINED)
    os.close(alive)
    _furnish(spec)
    if not spec["network"]:
        _loop_back()
    if child := os.fork():
        _reap_until(child)


def _reap_until(child: int) -> NoReturn:
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(_status(status))


def _status(status: int) -> int:
    """As shells tell it: a command that a signal ended has 128 and its number."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _furnish(spec: dict[str, Any]) -> None:
    """The room at its place, temporary folders below it, our own folders out of sight, all else read-only, and a `/proc` of these processes alone."""
    _mount("none", "/", None, _REC | _PRIVATE)
    room = _held(spec["room"])
    temporary = {place: _held(f"{spec['room']}/{name}") for name, place in _TEMPORARY if Path(place).is_dir()}
    _mount("tmpfs", "/run", "tmpfs", _NOSUID | _NODEV, "size=64k,mode=0755")
    Path(AT).mkdir()
    _mount(f"/proc/self/fd/{room}", AT, None, _BIND)
    for place, source in temporary.items():
        _mount(f"/proc/self/fd/{source}", place, None, _BIND)
    for place in spec["hidden"]:
        _hide(Path(place))
    _set_attributes("/", _READ_ONLY | _WITHOUT_SUID, 0, _RECURSIVE)
    for place in (AT, *temporary):
        _set_attributes(place, 0, _READ_ONLY, 0)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for number in (room, *temporary.values()):
        os.close(number)


_TEMPORARY = (("tmp", "/tmp"), ("tmp", "/var/tmp"), ("shared", "/dev/shm"))  # noqa: S108  # the places that everybody may write to


def _held(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)


def _hide(place: Path) -> None:
    try:
        kind = stat.S_IFMT(place.stat().st_mode)
    except OSError:
        return
    if kind == stat.S_IFDIR:
        _mount("tmpfs", str(place), "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=4k,mode=0700")
    else:
        _mount("/dev/null", str(place), None, _BIND)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    words = (source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), options.encode())
    _checked(_libc.mount(*words), f"mounting {target}")


def _set_attributes(place: str, given: int, taken: int, how: int) -> None:
    """Kernels before 5.12 do not know the call: there the rights of the other user alone say what is read-only."""
    attributes = struct.pack("QQQQ", given, taken, 0, 0)
    if _libc.syscall(_MOUNT_SETATTR, _FDCWD, place.encode(), how, attributes, len(attributes)) and ctypes.get_errno() != _NO_SUCH_CALL:
        raise OSError(ctypes.get_errno(), f"making {place} read-only")


def _loop_back() -> None:
    """Programs that talk to their own parts by 127.0.0.1 still can."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        name = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16xH14x", fcntl.ioctl(asking, _GET_FLAGS, name))[0]
        fcntl.ioctl(asking, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


def _limit(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)  # noqa: PLW2901
        resource.setrlimit(kind, (most, most))


def _drop(spec: dict[str, Any]) -> None:
    if os.getpid() != os.getsid(0):
        os.setsid()
    os.nice(10)
    if spec["uid"] is not None:
        os.setgroups(spec["groups"])
        os.setresgid(spec["gid"], spec["gid"], spec["gid"])
        os.setresuid(spec["uid"], spec["uid"], spec["uid"])


def _forget_keys() -> None:
    """A session keyring of its own: ours may hold tickets, and whoever has the keyring may use what is in it (keyctl(2))."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None:
        _libc.syscall(number, _JOIN_SESSION, None)


def _checked(result: int, doing: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{doing}: {os.strerror(ctypes.get_errno())}")


def readable(places: list[str]) -> list[str]:
    """Which of these places, and which environments of other users' processes, can be read by whoever we are now."""
    found = [place for place in places if _can_read(Path(place))]
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and process.stat().st_uid != os.geteuid() and (process / "environ").read_bytes():
                found.append(str(process / "environ"))
        except OSError:
            continue
    return found


def _can_read(place: Path) -> bool:
    try:
        if place.is_dir():
            return any(place.iterdir())
        with place.open("rb", buffering=0) as file:
            return bool(file.read(1))
    except OSError:
        return False


if __name__ == "__main__":
    try:
        main(_told())
    except OSError as exc:
        print(f"towpath: the command could not be confined: {exc.strerror or exc}", file=sys.stderr, flush=True)
        os._exit(NOT_CONFINED)
