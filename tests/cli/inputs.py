#!/usr/bin/env python3
"""What the program does with inputs that somebody made to harm it, each a named case.

    inputs.py PROGRAM CASE
"""

import contextlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

CAPTURES = pathlib.Path(__file__).resolve().parents[1] / "captures"
NVME = CAPTURES / "handmade-nvme.lspci"
# No case comes near it: one that hangs ends here, on any machine.
AT_MOST = 240
# The address sanitizer keeps what was freed, which is not what a case measures.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1", COLUMNS="100")


def tenon(program, *words, **more):
    return subprocess.run([program, *map(str, words)], capture_output=True, timeout=AT_MOST,
                          check=False, env=ENVIRONMENT, **more)


def refused(program, pattern, *words, **more):
    """The program ends with one message that has `pattern`, and prints nothing else."""
    done = tenon(program, *words, **more)
    message = done.stderr.decode()
    assert done.returncode == 2, (done.returncode, message[:2000])
    assert not done.stdout, done.stdout[:2000]
    assert pattern in message, message[:2000]
    assert message.count("\n") == 1, message[:2000]
    return message


def peak_kib(program, *words):
    """The most memory that the program had, in KiB."""
    with tempfile.TemporaryFile() as nothing, \
            subprocess.Popen([program, *map(str, words)], stdout=nothing, stderr=nothing,
                             env=ENVIRONMENT) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return usage.ru_maxrss


def pipes_and_devices_do_not_hold_it(program, work):
    os.mkfifo(work / "pipe")
    machine = ["--device", "ffff:ff:1f.7"]
    refused(program, "pipe: it is a pipe, not a regular file", "run", "--kernel", work / "pipe",
            *machine)
    refused(program, "pipe: it is a pipe, not a regular file", "run", "--kernel", NVME,
            "--initrd", work / "pipe", *machine)
    refused(program, "pipe: it is a pipe, not a regular file", "plan",
            f"{NVME},rom={work / 'pipe'}")
    for words in (["plan", "/dev/zero"], ["diff", NVME, "/dev/zero"], ["run", "/dev/zero"],
                  ["plan", "-"]):
        with open("/dev/zero", "rb") as endless:
            refused(program, "it is a character device, neither a regular file nor a pipe", *words,
                    stdin=endless)
    refused(program, "it is a folder", "run", work)


def pipes_are_read_to_their_end(program, work):
    expected = tenon(program, "plan", "--json", NVME)
    assert expected.returncode == 0
    same = expected.stdout.replace(str(NVME).encode(), b"-")
    assert tenon(program, "plan", "--json", "-", input=NVME.read_bytes()).stdout == same
    with open(NVME, "rb") as file:
        assert tenon(program, "plan", "--json", "-", stdin=file).stdout == same
    assert tenon(program, "plan", "--device=-#41:00.0,id=disk", input=NVME.read_bytes()).returncode == 0
    shell = 'exec "$1" diff <(cat "$2") "$2"'
    done = subprocess.run(["bash", "-c", shell, "-", program, NVME], capture_output=True,
                          timeout=AT_MOST, check=False, env=ENVIRONMENT)
    assert b"would see the same" in done.stdout, (done.stdout, done.stderr)


def closed_standard_files_are_nobody_elses(program, work):
    """While it waits for a pipe, the descriptors that it was started without are /dev/null."""
    os.mkfifo(work / "pipe")
    closed = 'exec "$1" plan "$2" <&- >&- 2>&-'
    with subprocess.Popen(["bash", "-c", closed, "-", program, work / "pipe"],
                          env=ENVIRONMENT) as process:
        folder = pathlib.Path(f"/proc/{process.pid}/fd")
        try:
            deadline = time.monotonic() + AT_MOST
            opened = {}
            while str(work / "pipe") not in opened.values() and time.monotonic() < deadline:
                time.sleep(0.01)
                opened = {}
                for number in range(16):
                    with contextlib.suppress(OSError):
                        opened[number] = os.readlink(folder / str(number))
            assert [opened.get(n) for n in range(3)] == ["/dev/null"] * 3, opened
        finally:
            process.kill()


def names_have_no_zero_byte(program, work):
    for key in ("kernel", "initrd", "append", "control", "machine", "memory"):
        for value in (r"\u0000x", rf"{NVME}\u0000x"):
            (work / "vm.toml").write_text(f'{key} = "{value}"\n')
            refused(program, f"vm.toml:1: {key}: a zero byte", "run", work / "vm.toml")
    for table, key in (("device", "host"), ("device", "rom"), ("port", "name")):
        first = "" if key in ("host", "name") else f'host = "{NVME}"\n'
        (work / "vm.toml").write_text(f'[[{table}]]\n{first}{key} = "{NVME}\\u0000x"\n')
        refused(program, "a zero byte", "plan", work / "vm.toml")
    (work / "vm.toml").write_text('"ker\\u0000nel" = "x"\n')
    refused(program, "a zero byte", "run", work / "vm.toml")


def vm_files_nest_no_deeper_than_they_may(program, work):
    dots = ".".join("a" * 150_000)
    spaced = " . ".join("a" * 75_000)
    for text in (f"{dots} = 1\n", f"{spaced} = 1\n", f"[{dots}]\nb = 1\n", f"[[{dots}]]\nb = 1\n",
                 f"x = {{ {dots} = 1 }}\n", f"x = {{ y = 1, {dots} = 1 }}\n",
                 "x = " + "[" * 150_000, "x = " + "{a=" * 100_000,
                 '"' + '"."'.join("a" * 100_000) + '" = 1\n',
                 f"append = '''\n''''\n{dots} = 1\n", f'append = "\\\\"\n{dots} = 1\n',
                 f"append = 'it''s'\n{dots} = 1\n",
                 f'append = """\n\\"""\n"""\n{dots} = 1\n', f"# \"\n{dots} = 1\n"):
        (work / "vm.toml").write_text(text)
        refused(program, "vm.toml:", "run", work / "vm.toml")


def vm_files_may_be_deep_in_their_texts(program, work):
    dots = ".".join("a" * 1000)
    (work / "vm.toml").write_text(
        f"# {dots} {'[' * 100}\nappend = \"{dots} \\\" {'{' * 100}\"\n"
        f"initrd = '{dots}'\nkernel = '''\n{dots} ' '' {'[' * 100}'''\n"
        f'[[device]]\nhost = """{NVME}"""\nid = "{"a" * 40}"\n')
    done = tenon(program, "plan", work / "vm.toml")
    assert done.returncode == 0, done.stderr


def commands_to_paste_are_quoted(program, work):
    name = work / "it's; $(touch here)"
    name.write_bytes(NVME.read_bytes())
    message = refused(program, "proposes the arguments", "run", "--kernel", NVME, "--device",
                      f"{name}#41:00.*")
    command = message[message.index("tenon plan "):message.index(" proposes the arguments")]
    words = subprocess.run(["bash", "-c", command.replace("tenon plan ", "printf '%s\\n' ", 1)],
                           capture_output=True, timeout=AT_MOST, check=True, cwd=work).stdout
    assert words.decode() == f"{name}#41:00.*\n", (command, words)
    assert not (work / "here").exists()


def memory_stays_in_proportion(program, work):
    small = peak_kib(program, "plan", NVME)
    rows = "00: " + " ".join(["86"] * 16) + "\n" + "".join(
        f"{16 * row:02x}: " + " ".join(["00"] * 16) + "\n" for row in range(1, 4))
    # Written in pieces: a program that this one starts begins with the memory that it has.
    cases = {
        "many.lspci": (f"{n:04x}:00:00.0 0000\n{rows}" for n in range(16_000)),
        "row.lspci": ["01:00.0 x\n00: 00", *[" " * 16_000] * 1000, "\n"],
        "lines.lspci": ["\n" * 10_000] * 1000,
        "quotes.lspci": ["> " * 8000] * 1000,
        "bars.lspci": ["01:00.0 x\n", *["Region 0: Memory at 0\n" * 500] * 1000],
        "numbers.json": ['{"functions": [', *["0," * 2000] * 1000, "0]}"],
        "objects.json": ['{"functions": [', *["{}," * 2000] * 1000, "0]}"],
        "lists.json": ['{"functions": [', *["[]," * 2000] * 1000, "0]}"]}
    for name, pieces in cases.items():
        file = work / name
        with open(file, "w", encoding="ascii") as out:
            out.writelines(pieces)
        refused(program, name, "plan", file)
        # The text itself, once more while it grows, and as much again.
        limit = small + 3 * file.stat().st_size // 1024 + 80_000
        peak = peak_kib(program, "plan", file)
        assert peak < limit, f"{name}: {peak} KiB, at most {limit}"


def work_stays_in_proportion(program, work):
    """What would take time by the square of a length has a limit, which is asked first."""
    for host in ("a," * 60_000, "a," * 60_000 + "=", "x" * 100_000, "a=" * 60_000, "#" * 100_000):
        refused(program, "longer than", "plan", host)
        (work / "vm.toml").write_text(f'[[device]]\nhost = "{host}"\n')
        refused(program, "longer than", "plan", work / "vm.toml")
    refused(program, "longer than", "plan", "--port", "p" * 100_000)
    refused(program, "at most", "plan", *[NVME] * 2000)
    refused(program, "at most", "plan", *[w for n in range(2000) for w in ("--port", f"p{n}")])
    (work / "vm.toml").write_text(f'[[device]]\nhost = "{NVME}"\n' * 2000)
    refused(program, "at most", "plan", work / "vm.toml")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert used.ru_utime + used.ru_stime < AT_MOST, used


def terminals_get_no_control_characters(program, work):
    evil = "\x1b]0;title\x07\x9b2J\u202e\x7f\u009b"
    odd = work / f"odd{evil}.lspci"
    vm_file = work / "vm.toml"
    messages = [refused(program, "\\u001b", "plan", work / f"none{evil}"),
                refused(program, "\\u202e", "plan", f"{NVME},{evil}=1"),
                refused(program, "\\u001b", "plan", f"--{evil}", NVME),
                refused(program, "\\u001b", evil),
                refused(program, "\\u000a", "plan", "none\ntenon: forged"),
                refused(program, "\\u001b", "ctl", work / f"none{evil}.sock")]
    for text in (r'"\u001b]0;\u202e" = 1', r'machine = "\u001b]0;\u202e\n"',
                 '[[device]]\nhost = "a\\u001b]0;\\u202e"', 'x\x01 = 1'):
        vm_file.write_text(text)
        messages.append(refused(program, "", "plan", vm_file))
    odd.write_bytes(NVME.read_bytes())
    for form in ([], ["-v"], ["--json"], ["--map"], ["--emit", "lspci"]):
        done = tenon(program, "plan", *form, odd)
        assert done.returncode == 0, done.stderr
        messages.append(done.stdout.decode())
        if form == ["--json"]:
            assert json.loads(done.stdout)["ports"][0]["functions"][0]["source"] == str(odd)
    for message in messages:
        seen = [c for c in message if (ord(c) < 0x20 and c not in "\n\t") or
                0x7f <= ord(c) <= 0x9f or 0x202a <= ord(c) <= 0x202e]
        assert not seen, (seen, message)


def outputs_do_not_follow_links(program, work):
    capture = work / "capture.json"
    capture.write_bytes(NVME.read_bytes())
    (work / "map.svg").symlink_to(capture)
    refused(program, "it is a symbolic link", "plan", capture, "--map", work / "map.svg")
    assert capture.read_bytes() == NVME.read_bytes()
    os.unlink(work / "map.svg")
    os.link(capture, work / "map.svg")
    assert tenon(program, "plan", capture, "--map", work / "map.svg").returncode == 0
    assert capture.read_bytes() == NVME.read_bytes()
    assert (work / "map.svg").read_text().startswith("<svg")


def full_disks_keep_what_was_there(program, work):
    picture = work / "map.svg"
    picture.write_text("the old picture")

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    refused(program, "map.svg: writing the output: File too large", "plan", NVME, "--map", picture,
            preexec_fn=small_files)
    assert picture.read_text() == "the old picture"
    assert os.listdir(work) == ["map.svg"]


def plans_may_have_a_byte_order_mark(program, work):
    plan = tenon(program, "plan", "--json", NVME).stdout
    (work / "marked.json").write_bytes(b"\xef\xbb\xbf" + plan)
    done = tenon(program, "diff", work / "marked.json", NVME)
    assert b"would see the same" in done.stdout, (done.stdout, done.stderr)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()[sys.argv[2]](sys.argv[1], pathlib.Path(folder))
