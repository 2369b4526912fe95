#!/usr/bin/env python3
"""lab/mend_emulator.py finds the instruction that it drops, or says that it does not."""

import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))
import mend_emulator  # noqa: E402

START = 0x8C8D00
DELIVERY = 0x941650
# The parts of helper_vmrun() that matter, as in Debian's QEMU 11.1.3.
ERROR_CODE = bytes.fromhex("4489ab80340000")  # mov %r13d,0x3480(%rbx)
NUMBER = bytes.fromhex("89b350c2ffff")  # mov %esi,-0x3db0(%rbx)
OF_EXCEPTION = bytes.fromhex("4489a350c2ffff")  # mov %r12d,-0x3db0(%rbx)
OF_NMI = bytes.fromhex("c78350c2ffff02000000")  # movl $0x2,-0x3db0(%rbx)
OF_SOFTWARE = bytes.fromhex("c7838434000001000000")  # movl $0x1,0x3484(%rbx)


def call(at, target):
    return b"\xe8" + struct.pack("<i", target - (START + at + 5))


def function(before_call, after_call):
    return before_call + call(len(before_call), DELIVERY) + after_call


class StoreToDrop(unittest.TestCase):
    def test_is_found_before_the_call_that_delivers(self):
        body = function(b"\x90" * 100 + ERROR_CODE + NUMBER, ERROR_CODE + OF_EXCEPTION + OF_NMI + OF_SOFTWARE)
        self.assertEqual(mend_emulator.store_to_drop(body, START, DELIVERY), 100 + len(ERROR_CODE))

    def test_is_found_near_the_start(self):
        body = function(b"\x90" + NUMBER, OF_NMI)
        self.assertEqual(mend_emulator.store_to_drop(body, START, DELIVERY), 1)

    def assert_not_found(self, body):
        with self.assertRaises(mend_emulator.NotFound):
            mend_emulator.store_to_drop(body, START, DELIVERY)

    def test_is_not_found_once_dropped(self):
        self.assert_not_found(function(ERROR_CODE + mend_emulator.NO_OPERATION, OF_NMI))

    def test_is_not_found_twice(self):
        self.assert_not_found(function(NUMBER + NUMBER, OF_NMI))

    def test_is_none_with_a_prefix(self):
        self.assert_not_found(function(OF_EXCEPTION, OF_NMI))

    def test_is_none_far_from_the_call(self):
        self.assert_not_found(function(NUMBER + b"\x90" * 64, OF_NMI))

    def test_needs_the_case_of_the_nmi(self):
        self.assert_not_found(function(NUMBER, OF_SOFTWARE))

    def test_needs_one_call(self):
        twice = function(NUMBER, OF_NMI)
        self.assert_not_found(twice + call(len(twice), DELIVERY))
        self.assert_not_found(NUMBER + OF_NMI)


class JumpToDrop(unittest.TestCase):
    # cpu_interrupt() as in Debian's QEMU 11.1.3: the call of bql_locked(), test, je, and what follows.
    CALL = bytes.fromhex("f30f1efa4883ec08e833f9ffff")
    JUMP = bytes.fromhex("84c07414")

    def test_is_found_behind_the_call(self):
        self.assertEqual(mend_emulator.jump_to_drop(self.CALL + self.JUMP + b"\x90" * 20), len(self.CALL) + 2)

    def test_is_not_found_once_dropped_or_twice(self):
        dropped = self.CALL + self.JUMP[:2] + mend_emulator.NO_OPERATIONS
        for body in (dropped, self.CALL + self.JUMP + self.JUMP):
            with self.assertRaises(mend_emulator.NotFound):
                mend_emulator.jump_to_drop(body)


if __name__ == "__main__":
    unittest.main()
