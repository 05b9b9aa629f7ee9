# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of this directory share: results in TAP, and files read from a source directory."""

import pathlib
import subprocess
import sys


class Tap:
    """Prints one line for each thing checked; done() ends the program, with 1 when something was not as it should be."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, problems):
        """problems: what is wrong, as lines of text; none: the check has passed."""
        self.count += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems:
            for line in str(problem).splitlines():
                print(f"# {line}")

    def done(self):
        print(f"1..{self.count}")
        if self.count == 0:
            print("# nothing was checked")
        sys.exit(1 if self.failed or self.count == 0 else 0)


def arguments(*names, more=None):
    """The paths given on the command line, as many as there are names; with more, all further ones as a list."""
    given = sys.argv[1:]
    if len(given) < len(names) or (len(given) > len(names) and not more) or (more and len(given) == len(names)):
        wanted = [*names, *([f"{more}..."] if more else [])]
        sys.exit(f"usage: {sys.argv[0]} {' '.join(wanted)}")
    paths = [pathlib.Path(path).resolve() for path in given]
    return [*paths[:len(names)], *([paths[len(names):]] if more else [])]


def run(*command, **options):
    """The finished process, its output as text."""
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True, check=False, **options)


def differences(one_name, one, other_name, other):
    """What is in one of two collections only, as problems."""
    one, other = set(one), set(other)
    return [*(f"{item}: in {one_name}, not in {other_name}" for item in sorted(one - other)),
            *(f"{item}: in {other_name}, not in {one_name}" for item in sorted(other - one))]
