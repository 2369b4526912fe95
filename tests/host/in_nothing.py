#!/usr/bin/env python3
"""Runs a program as nobody where there is nothing: namespaces of its own of users, mounts, processes and networks, and
a root that has sysfs alone, to read only. The program is a file that is open, as all else that it may use.

    in_nothing.py FILE-NUMBER WORD…   the program's words, its name first
"""

import ctypes
import os
import sys

NOBODY = 65534
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_DUMPABLE = 4
SYS_PIVOT_ROOT = 155

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """A function of libc; its words are bytes."""
    if getattr(libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0):
    call("mount", source, target, kind, ctypes.c_ulong(flags), None)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def leave_all():
    """Nobody's own namespaces, which it may make, and a root with sysfs in it."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # The files below /proc/self are of root until the process may be looked at by its new user.
    call("prctl", PR_SET_DUMPABLE, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
    call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{NOBODY} {NOBODY} 1")
    write("/proc/self/gid_map", f"{NOBODY} {NOBODY} 1")
    mount(None, b"/", None, MS_REC | MS_PRIVATE)
    mount(b"nothing", b"/tmp", b"tmpfs")
    os.mkdir("/tmp/sys")
    mount(b"/sys", b"/tmp/sys", None, MS_BIND | MS_REC)
    mount(None, b"/tmp/sys", None, MS_BIND | MS_REMOUNT | MS_RDONLY)
    os.chdir("/tmp")
    # The old root comes to lie over the new one, and goes.
    call("syscall", SYS_PIVOT_ROOT, b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def main():
    program = int(sys.argv[1])
    leave_all()
    child = os.fork()
    if child == 0:
        print(f"in nothing: user {os.getuid()}, process {os.getpid()}, files: {os.listdir('/')}", file=sys.stderr,
              flush=True)
        os.execve(program, sys.argv[2:], {})
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xff)


if __name__ == "__main__":
    main()
