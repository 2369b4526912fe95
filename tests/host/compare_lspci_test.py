#!/usr/bin/env python3
"""compare_lspci.py finds what differs, and nothing else."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare_lspci  # noqa: E402

QEMU = """\
0000:02:00.0 0108: 1b36:0010 (rev 02)
\tControl: I/O- Mem+ BusMaster+
\tRegion 0: Memory at fe800000 (64-bit, non-prefetchable) [size=16K]
\tCapabilities: [40] MSI-X: Enable+ Count=65 Masked-
\t\tVector table: BAR=0 offset=00002000
\tCapabilities: [80] Express (v2) Endpoint, MSI 00
\t\tDevCap:\tMaxPayload 128 bytes, PhantFunc 0
\t\t\tExtTag- AttnBtn-
\tCapabilities: [100 v1] Alternative Routing-ID Interpretation (ARI)
\t\tARICap:\tMFVC- ACS-, Next Function: 0
\tKernel driver in use: nvme
"""
TENON = (
    QEMU.replace("02:00.0", "01:00.0")
    .replace("fe800000", "c0000000")
    .replace("128 bytes", "256 bytes")
    .replace("ExtTag-", "ExtTag+")
    .replace(QEMU[QEMU.index("\tCapabilities: [100") : QEMU.index("\tKernel")], "")
)
PAGE = """\
| device | where | below QEMU | below Tenon | why |
| --- | --- | --- | --- | --- |
| nvme | `[80] Express DevCap` | `MaxPayload 128 … ExtTag-` | `MaxPayload 256 … ExtTag+` | the device's |
| all | `[100] Alternative Routing-ID Interpretation` | `there` | `absent` | the slot's |
"""


class CompareLspci(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def compare(self, qemu, tenon, page):
        for name, text, address in (("qemu", qemu, "0000:02:00.0"), ("tenon", tenon, "0000:01:00.0")):
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / "places").write_text(f"{address} 0000:00:01.0\n")
            (self.folder / name / "function").write_text(text)
        (self.folder / "page").write_text(page)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            wrong = compare_lspci.main(*(self.folder / part for part in ("qemu", "tenon", "page")), "nvme=1.0")
        return wrong, out.getvalue()

    def test_takes_what_is_listed(self):
        self.assertEqual(
            self.compare(QEMU, TENON, PAGE), (False, "1 functions, 2 differences, 2 of them on the list\n")
        )

    def test_addresses_do_not_count(self):
        moved = QEMU.replace("fe800000", "fe900000").replace("02:00.0", "01:00.0")
        self.assertEqual(
            self.compare(QEMU, moved, ""), (False, "1 functions, 0 differences, 0 of them on the list\n")
        )

    def test_finds_what_is_not_listed(self):
        wrong, text = self.compare(QEMU, TENON.replace("Enable+", "Enable-"), PAGE)
        self.assertTrue(wrong)
        self.assertIn("not on the list: | nvme | `[40] MSI-X` | `Enable+` | `Enable-` |", text)

    def test_finds_a_line_that_is_missing(self):
        wrong, text = self.compare(QEMU, TENON.replace("\tKernel driver in use: nvme\n", ""), PAGE)
        self.assertTrue(wrong)
        self.assertIn("| `Kernel driver in use` | `nvme` | `absent` |", text)

    def test_finds_what_no_longer_occurs(self):
        wrong, text = self.compare(QEMU, TENON.replace("ExtTag+", "ExtTag-"), PAGE)
        self.assertTrue(wrong)
        self.assertIn("does not occur: | nvme | `[80] Express DevCap`", text)

    def test_wants_reasons(self):
        with self.assertRaises(SystemExit):
            self.compare(QEMU, TENON, PAGE.replace("the slot's", ""))


if __name__ == "__main__":
    unittest.main()
