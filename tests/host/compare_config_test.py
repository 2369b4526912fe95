#!/usr/bin/env python3
"""Unit tests of compare_config.py."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import compare_config as subject  # noqa: E402


def space():
    """256 bytes: MSI-X at 0x40, then PCI Express at 0x80."""
    config = bytearray(256)
    config[0x06] = 0x10
    config[0x34] = 0x40
    config[0x40:0x42] = bytes([0x11, 0x80])
    config[0x80:0x82] = bytes([0x10, 0x00])
    return config


def text(config):
    rows = [f"{at:02x}: {config[at:at + 16].hex(' ')}" for at in range(0, len(config), 16)]
    return "0000:01:00.0 0108: 1b36:0010\n" + "\n".join(rows) + "\n"


class CompareConfig(unittest.TestCase):
    def differing(self, at, value):
        """Findings when the guest saw `value` at `at`."""
        seen = space()
        seen[at] = value
        return subject.compare(bytes(space()), bytes(seen))

    def test_equal_spaces_have_no_finding(self):
        self.assertEqual(subject.compare(bytes(space()), bytes(space())), ([], []))

    def test_reads_what_lspci_prints(self):
        self.assertEqual(subject.parse(text(space())), bytes(space()))

    def test_refuses_two_functions_in_one_text(self):
        with self.assertRaises(ValueError):
            subject.parse(text(space()) * 2)

    def test_refuses_a_text_without_bytes(self):
        with self.assertRaises(ValueError):
            subject.parse("0000:01:00.0 0108: 1b36:0010\n")

    def test_names_a_byte_that_differs(self):
        wrong, _ = self.differing(0x00, 0x36)
        self.assertEqual(wrong, ["0x000: planned 00, the guest saw 36"])

    def test_allows_msix_enable_where_the_capability_stands(self):
        wrong, allowed = self.differing(0x43, 0x80)
        self.assertEqual((wrong, len(allowed)), ([], 1))

    def test_refuses_another_msix_table_size(self):
        self.assertEqual(len(self.differing(0x42, 0x01)[0]), 1)

    def test_refuses_another_bar_type(self):
        self.assertEqual(len(self.differing(0x10, 0x04)[0]), 1)

    def test_tolerance_for_msi_ends_with_the_capability(self):
        # 32-bit without mask: 10 bytes, and a vendor-specific capability right behind it.
        planned = bytearray(256)
        planned[0x06], planned[0x34] = 0x10, 0x40
        planned[0x40:0x42] = bytes([0x05, 0x4c])
        planned[0x4c:0x4f] = bytes([0x09, 0x00, 0x08])
        seen = bytearray(planned)
        seen[0x48], seen[0x4d], seen[0x50] = 0x21, 0x60, 0xaa
        wrong, allowed = subject.compare(bytes(planned), bytes(seen))
        self.assertEqual((len(wrong), len(allowed)), (2, 1))

    def test_refuses_a_longer_space(self):
        self.assertEqual(len(subject.compare(bytes(space()), bytes(4096))[0]), 1)

    def test_survives_a_chain_that_loops(self):
        config = space()
        config[0x81] = 0x40
        self.assertEqual(subject.capabilities(bytes(config))[0x10], 0x80)

    def test_finds_extended_capabilities(self):
        config = space() + bytearray(4096 - 256)
        config[0x100:0x104] = (0x14810001).to_bytes(4, "little")
        self.assertEqual(subject.capabilities(bytes(config))[("extended", 1)], 0x100)


if __name__ == "__main__":
    unittest.main()
