"""The program under test, for tests that call it thousands of times."""

import json
import pathlib
import subprocess
import sys
import types


class Program:
    """Calls `tenon` once for each command line, or `many_commands` once for all."""

    def __init__(self, path, folder=None):
        self.path = str(pathlib.Path(path).resolve())
        self.folder = folder
        self.process = None

    def run(self, *words):
        """What `tenon WORD…` did: returncode, stdout, stderr."""
        if pathlib.Path(self.path).name == "tenon":
            return subprocess.run([self.path, *words], capture_output=True, text=True, cwd=self.folder, check=False)
        if self.process is None:
            self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            text=True, cwd=self.folder)
        try:
            self.process.stdin.write(json.dumps(words) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            sys.exit(f"FAILED: the program ended ({self.process.wait()}) at: tenon {' '.join(words)}")
        done = json.loads(answer)
        return types.SimpleNamespace(returncode=done["status"], stdout=done["out"], stderr=done["err"])

    def plan(self, *words):
        return self.run("plan", *words)
