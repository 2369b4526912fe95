#!/usr/bin/env python3
"""Prints the plan of devices as JSON, by ctypes: plan.py WORD... as `tenon plan` takes them."""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_void_p

library = ctypes.CDLL(os.environ.get("LIBTENON", "libtenon.so.0"))


def declare(name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


# A text that is to be freed is a c_void_p: a c_char_p would become bytes and lose its place.
plan_make = declare("tenon_plan_make", c_void_p, POINTER(c_char_p), c_size_t, POINTER(c_void_p))
plan_json = declare("tenon_plan_json", c_void_p, c_void_p, POINTER(c_void_p))
plan_assignable = declare("tenon_plan_assignable", c_int, c_void_p)
plan_free = declare("tenon_plan_free", None, c_void_p)
error_text = declare("tenon_error_text", c_char_p, c_void_p)
error_free = declare("tenon_error_free", None, c_void_p)
text_free = declare("tenon_text_free", None, c_void_p)


class TenonError(Exception):
    pass


def checked(result, error):
    if result:
        return result
    text = error_text(error).decode(errors="replace")
    error_free(error)
    raise TenonError(text)


def plan(words):
    """The JSON of a plan, and whether it can be carried out."""
    error = c_void_p()
    array = (c_char_p * len(words))(*map(os.fsencode, words))
    made = checked(plan_make(array, len(words), byref(error)), error)
    try:
        text = checked(plan_json(made, byref(error)), error)
        json = ctypes.string_at(text)
        text_free(text)
        return json, plan_assignable(made) == 1
    finally:
        plan_free(made)


if __name__ == "__main__":
    try:
        json, assignable = plan(sys.argv[1:])
    except TenonError as error:
        sys.exit(print(f"tenon: {error}", file=sys.stderr) or 2)
    sys.stdout.buffer.write(json)
    sys.exit(0 if assignable else 1)
