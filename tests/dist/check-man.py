#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The manual pages: check-man.py SOURCE_DIR

scdoc and man must take each page without a word, and the pages of jobd that they refer to must be there.
"""

import os
import re
import tempfile

import tap

[source] = tap.arguments("SOURCE_DIR")
out = tap.Tap()
pages = sorted((source / "man").glob("*.scd"))
names = {page.stem for page in pages}
out.check("there are pages", [] if pages else [f"no .scd files in {source / 'man'}"])

for page in pages:
    text = page.read_text(encoding="utf-8")
    name, section = page.stem.rsplit(".", 1)
    with tempfile.NamedTemporaryFile(suffix=f".{section}") as roff, open(page, "rb") as scd:
        scdoc = tap.run("sh", "-c", 'scdoc < "$1" > "$2"', "sh", scd.name, roff.name)
        problems = [scdoc.stderr or f"scdoc: exit status {scdoc.returncode}"] if scdoc.returncode or scdoc.stderr else []
        # Where a page of paper would end says nothing of a page of the manual.
        man = tap.run("man", "--warnings", "--local-file", "-Tutf8", roff.name, env={**os.environ, "MANWIDTH": "80"})
        warnings = re.sub(r".*table text block will not fit on one page\n", "", man.stderr)
        problems += [warnings or f"man: exit status {man.returncode}"] if man.returncode or warnings else []

    if not text.startswith(f"{name}({section})"):
        problems.append(f"the first line does not begin with {name}({section})")
    if not re.search(rf"^# NAME\n\n{re.escape(name)}(, \S+)* - \S", text, re.M):
        problems.append(f"# NAME is not \"{name} - what it is\": whatis(1) cannot find it")
    problems += [f"refers to {other}({number}), which is not there"
                 for other, number in sorted(set(re.findall(r"\*(job[\w.-]*)\*\((\d)\)", text)))
                 if f"{other}.{number}" not in names]
    out.check(page.name, problems)
out.done()
