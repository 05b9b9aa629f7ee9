#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The manual of permissions: check-permissions.py SOURCE_DIR LIST_ACCESS

The table of calls in jobd-permissions(7) is that of the daemon, and every action of it is polkit's.
"""

import re

import tap

[source, list_access] = tap.arguments("SOURCE_DIR", "LIST_ACCESS")
out = tap.Tap()
page = (source / "man/jobd-permissions.7.scd").read_text(encoding="utf-8")
policy = (source / "polkit/org.jobd1.policy").read_text(encoding="utf-8")

listed = dict(line.split("\t") for line in tap.run(list_access).stdout.splitlines())
table = dict(re.findall(r"^\|  ([A-Z]\w+\.\w+)\n:  (.*)$", page, re.M))
out.check("the daemon has a table", [] if listed else ["it is empty"])
out.check("the calls are those of the daemon", tap.differences("jobd-permissions(7)", table, "the daemon", listed))
out.check("they ask for what the manual says",
          [f"{call}: the manual says {table[call]!r}, the daemon {listed[call]!r}"
           for call in sorted(set(table) & set(listed)) if table[call] != listed[call]])
actions = set(re.findall(r'<action id="org\.jobd1\.(.*?)"', policy))
used = {word for text in listed.values() for word in re.findall(r"[a-z]+(?:-[a-z]+)+", text)}
out.check("every action that is asked for is polkit's", [f"{name}: not in the policy" for name in sorted(used - actions)])
out.check("the rules to copy name actions that there are",
          [f"{name}: not in the policy" for name in sorted(set(re.findall(r'"org\.jobd1\.([a-z-]+[a-z])"', page)) - actions)])
out.done()
