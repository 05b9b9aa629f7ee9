#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The journal's catalog: check-catalog.py SOURCE_DIR

journalctl must take it, it must explain every MESSAGE_ID of common/message-ids.h and no other, by fields that the
header says are there, and each id must be used by a program.
"""

import pathlib
import re
import tempfile

import tap

[source] = tap.arguments("SOURCE_DIR")
catalog_path = source / "systemd/jobd.catalog"
catalog = catalog_path.read_text(encoding="utf-8")
header = (source / "common/message-ids.h").read_text(encoding="utf-8")
out = tap.Tap()

macros = dict(re.findall(r'^#define (JOBD_MESSAGE_[A-Z_]+_STR) "([^"]*)"$', header, re.M))
entries = re.findall(r"^--\s*(.*)\n((?:\S.*\n)*)\n((?:(?!--).*\n)*)", catalog, re.M)
ids = [entry[0] for entry in entries]

out.check("the ids of the header are 32 hexadecimal digits, each once",
          [f"{name}: {value}" for name, value in macros.items()
           if not re.fullmatch("[0-9a-f]{32}", value) or list(macros.values()).count(value) > 1])
out.check("the catalog explains the ids of the header, each once",
          tap.differences("message-ids.h", macros.values(), "jobd.catalog", ids)
          + [f"{i}: twice" for i in set(ids) if ids.count(i) > 1]
          + [f"{line}: not an entry" for line in re.findall("^--.*", catalog, re.M) if line[2:].strip() not in ids])
out.check("each entry has subject, origin and text",
          [f"{i}: no {what}" for i, head, text in entries
           for what, there in (("Subject", "Subject: " in head), ("Defined-By", "Defined-By: jobd\n" in head),
                               ("text", text.strip())) if not there])

fields = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", " ".join(re.findall(r"/\*.*?\*/", header, re.S))))
out.check("the fields that the catalog names are those of the header",
          [f"@{field}@: not named in message-ids.h" for field in sorted(set(re.findall("@(.*?)@", catalog)) - fields)])

with tempfile.TemporaryDirectory() as root:
    directory = pathlib.Path(root, "usr/lib/systemd/catalog")
    directory.mkdir(parents=True)
    pathlib.Path(root, "var/lib/systemd/catalog").mkdir(parents=True)
    (directory / "jobd.catalog").write_text(catalog, encoding="utf-8")
    update = tap.run("journalctl", f"--root={root}", "--update-catalog")
    out.check("journalctl --update-catalog takes it", [update.stderr or update.returncode]
              if update.returncode or update.stderr else [])
    listed = tap.run("journalctl", f"--root={root}", "--list-catalog")
    out.check("journalctl --list-catalog shows all of it",
              tap.differences("jobd.catalog", ids, "the list", [line.split()[0] for line in listed.stdout.splitlines()]))

code = "".join(path.read_text(encoding="utf-8")
               for directory in ("common", "daemon", "cli", "rest") for path in sorted((source / directory).glob("*.c")))
out.check("each id is used", [f"{name}: in no .c file" for name in macros if not re.search(rf"\b{name}\b", code)])
out.done()
