"""Becomes a container: run by the kubelet of the tests inside a mount and a process namespace of its own.

`unshare --mount --pid --fork python -I -S container.py SPEC` lays a writable layer over this machine's file system, puts the pod's
volumes and an empty `/tmp` into it, makes it the root and becomes the container's command, as process 1. The standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
COULD_NOT_START = 128
"""What a container runtime gives as exit code where the command could not even be started."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    texts = [text.encode() or None for text in (source, target, kind)]
    if LIBC.mount(*texts, ctypes.c_ulong(flags), data.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source} on {target}: {os.strerror(number)}")


def layer(folder: Path) -> Path:
    """This machine's file system with a layer above it that takes what is written."""
    upper, work, root = (folder / name for name in ("upper", "work", "root"))
    for made in (upper, work, root):
        made.mkdir(parents=True)
    mount("overlay", str(root), "overlay", data=f"lowerdir=/,upperdir={upper},workdir={work}")
    mount("/sys", str(root / "sys"), flags=MS_BIND | MS_REC)
    mount("proc", str(root / "proc"), "proc")
    mount("tmpfs", str(root / "dev"), "tmpfs", data="mode=755")
    for name in DEVICES:
        device = root / "dev" / name
        device.touch()
        mount(f"/dev/{name}", str(device), flags=MS_BIND)
    for name, target in LINKS.items():
        (root / "dev" / name).symlink_to(target)
    (root / "dev" / "shm").mkdir()
    mount("tmpfs", str(root / "dev" / "shm"), "tmpfs", data="mode=1777")
    return root


def bind(source: int, target: str, *, read_only: bool) -> None:
    """Puts an opened file or folder where a container wants it; like a runtime, makes the place."""
    if stat.S_ISDIR(os.fstat(source).st_mode):
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    mount(f"/proc/self/fd/{source}", target, flags=MS_BIND | MS_REC)
    if read_only:
        mount("", target, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def open_to_all(path: Path) -> None:
    """Lets any user reach it, as an image does what it holds; the writable layer takes the change."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if mode & 0o055 != 0o055:
            folder.chmod(mode | 0o055)


def become(spec: dict[str, Any]) -> None:
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    opened = [(os.open(item["source"], os.O_PATH), item) for item in spec["mounts"]]
    os.chroot(layer(Path(spec["folder"])))
    os.chdir("/")
    mount("tmpfs", "/tmp", "tmpfs", data="mode=1777")
    for source, item in sorted(opened, key=lambda pair: pair[1]["target"].count("/")):
        bind(source, item["target"], read_only=item["read_only"])
        os.close(source)
    for path in spec["readable"]:
        open_to_all(Path(path))
    if spec["read_only"]:
        mount("", "/", flags=MS_BIND | MS_REMOUNT | MS_RDONLY)
    else:
        Path(spec["cwd"]).mkdir(parents=True, exist_ok=True)
    os.chdir(spec["cwd"])
    os.umask(0o022)
    os.setgroups(spec["groups"])
    os.setgid(spec["group"])
    os.setuid(spec["user"])
    os.execvpe(spec["command"][0], spec["command"], spec["environment"])


if __name__ == "__main__":
    try:
        become(json.loads(Path(sys.argv[1]).read_text()))
    except OSError as error:
        print(f"container could not start: {error}", file=sys.stderr)
        sys.exit(COULD_NOT_START)
