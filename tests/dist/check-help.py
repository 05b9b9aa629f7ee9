#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Every public program says how it is used: check-help.py PROGRAM...

--help goes to standard output, has at most 80 columns and says something; --version too; an unknown option is an error
that goes to standard error, with exit status 2.
"""

import os

import tap

COLUMNS = 80
[programs] = tap.arguments(more="PROGRAM")
out = tap.Tap()
# A narrow terminal, a pager or a bus must not matter here.
environment = {**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "40", "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/dev/null"}


def call(program, *options):
    return tap.run(program, *options, env=environment, timeout=60)


for program in programs:
    for option in ("--help", "-h"):
        shown = call(program, option)
        lines = shown.stdout.splitlines()
        out.check(f"{program.name} {option}",
                  ([f"exit status {shown.returncode}"] if shown.returncode else [])
                  + ([f"on standard error: {shown.stderr}"] if shown.stderr else [])
                  + ([] if shown.stdout.strip() else ["says nothing"])
                  + [f"{len(line)} columns: {line}" for line in lines if len(line) > COLUMNS]
                  + [f"blanks at the end: {line}" for line in lines if line != line.rstrip()])

    shown = call(program, "--version")
    out.check(f"{program.name} --version",
              [] if shown.returncode == 0 and shown.stdout.strip() and not shown.stderr
              else [f"exit status {shown.returncode}, output \"{shown.stdout}\", error \"{shown.stderr}\""])

    shown = call(program, "--no-such-option")
    out.check(f"{program.name} --no-such-option",
              ([] if shown.returncode == 2 else [f"exit status {shown.returncode} instead of 2"])
              + ([f"on standard output: {shown.stdout}"] if shown.stdout else [])
              + ([] if "no-such-option" in shown.stderr else [f"the error does not name the option: {shown.stderr}"]))
out.done()
