#!/usr/bin/env python3
"""Runs a command on a terminal of its own, waits for a text there, and ends it: by a key, or by a signal. Then the
terminal must be as it was.

    on_terminal.py TEXT keys|SIGNAL STATUS COMMAND…   SIGNAL: its number; STATUS: as subprocess tells it
"""

import os
import select
import signal
import subprocess
import sys
import termios
import time

LEAVE = b"\x01x"
PATIENCE = 600


def wait_for(text, file, process):
    """Reads from `file` until `text` was there."""
    said = b""
    end = time.monotonic() + PATIENCE
    while text not in said:
        assert time.monotonic() < end and process.poll() is None, said.decode(errors="replace")
        if select.select([file], [], [], 1)[0]:
            said += os.read(file, 4096)


def main():
    text, way, status = sys.argv[1].encode(), sys.argv[2], int(sys.argv[3])
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    with subprocess.Popen(sys.argv[4:], stdin=theirs, stdout=theirs) as process:
        wait_for(text, ours, process)
        assert termios.tcgetattr(theirs) != before, "the terminal is not raw while the guest runs"
        # Stopped and let go on, as by a shell: calls that waited are made again.
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        assert process.poll() is None, "it ended when it went on"
        if way == "keys":
            os.write(ours, LEAVE)
        else:
            process.send_signal(int(way))
        found = process.wait(PATIENCE)
    assert found == status, f"status {found}, not {status}"
    assert termios.tcgetattr(theirs) == before, "the terminal is not as it was"
    print(f"ok: ended by {way}: status {found}, and the terminal is as it was")


if __name__ == "__main__":
    main()
