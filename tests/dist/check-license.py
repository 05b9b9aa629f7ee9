#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Every source file says under which licence it is: check-license.py SOURCE_DIR

A C file says so in its first line, others within the first ten.
"""

import os
import re

import tap

IDENTIFIER = "SPDX-License-Identifier: LGPL-2.1-or-later"
# Text for people, the licence itself, and data that has no place for a comment or is a test's input byte for byte.
EXEMPT = re.compile(r"""
    LICENSE | .*\.(?:md|json|db|sqlite|png|svg|gz|txt) | (?:.*/)?\.git(?:ignore|attributes|keep)
    | tests/fuzz/corpus/.* | tests/(?:.*/)?data/.*""", re.X)

[source] = tap.arguments("SOURCE_DIR")
out = tap.Tap()


def files():
    """What belongs to the source, by git where there is a repository; build directories are passed over otherwise."""
    listed = tap.run("git", "-C", source, "-c", f"safe.directory={source}", "ls-files", "-z", "--cached", "--others",
                     "--exclude-standard")
    if listed.returncode == 0:
        return [name for name in listed.stdout.split("\0") if name and (source / name).is_file()]

    found = []
    for directory, directories, names in os.walk(source):
        directories[:] = [name for name in directories if name not in (".git", "__pycache__")
                          and not os.path.exists(os.path.join(directory, name, "meson-info"))]
        found += [os.path.relpath(os.path.join(directory, name), source) for name in names]
    return found


problems = []
checked = 0
for name in sorted(files()):
    if EXEMPT.fullmatch(name):
        continue
    checked += 1
    with open(source / name, encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip("\n") for line in file][:10]
    if re.fullmatch(r".*\.[ch]", name):
        if not lines or lines[0] != f"/* {IDENTIFIER} */":
            problems.append(f"{name}: the first line is not /* {IDENTIFIER} */")
    elif not any(IDENTIFIER in line for line in lines):
        problems.append(f"{name}: no {IDENTIFIER} in its first ten lines")

out.check(f"{checked} files say under which licence they are", problems if checked else ["no files found"])
out.done()
