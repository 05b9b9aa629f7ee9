#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the manual lists is what there is: check-docs.py SOURCE_DIR LIST_SETTINGS PARSE_JOB

The programs are made from list-settings.c and parse-job.c. Compared are names only; whether what is said about them is
true is for people to check. The examples of job classes, in the manual and as files, must be accepted.
"""

import pathlib
import re
import tempfile

import tap

[source, list_settings, parse_job] = tap.arguments("SOURCE_DIR", "LIST_SETTINGS", "PARSE_JOB")
out = tap.Tap()


def text(path):
    return (source / path).read_text(encoding="utf-8")


def find(pattern, *paths):
    return [match for path in paths for match in re.findall(pattern, text(path), re.M)]


def section(page, title):
    """The part of a page from one heading to the next. (A "# /etc/..." is no heading but a comment in an example.)"""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ [A-Z]|\Z)", text(page), re.M | re.S)
    return found[1] if found else ""


def keys(part):
    """The keys that have a paragraph of their own: *Key=*, *Other=* (field)"""
    return [key for line in re.findall(r"^\*\w+=\*.*", part, re.M) for key in re.findall(r"\*(\w+)=\*", line)]


def compare(what, in_manual, page, in_code, where):
    out.check(what, tap.differences(page, in_manual, where, in_code)
              + [f"nothing found in {name}" for name, found in ((page, in_manual), (where, in_code)) if not found])


job = "man/jobd.job.5.scd"
compare("jobd.job(5) has the keys of [Job]", keys(section(job, "SECTION [JOB]")), job,
        find(r'FIELD\("\w+", "(\w+)"', "daemon/job-metadata.c")
        + find(r'^\s+\{ "(\w+)",\s+set_\w+\s+\}', "daemon/job-class-section.c"), "daemon/job-*.c")

variables = "".join(section(job, title) for title in ("SECTIONS [VARIABLE NAME]", "Keys of every type", "Types",
                                                      "Keys of some types"))
compare("jobd.job(5) has the keys of [Variable NAME]", keys(variables), job,
        find(r'^\s+\[VARIABLE_KEY_\w+\] = \{\s*"(\w+)"', "daemon/variable-key.c"), "daemon/variable-key.c")
compare("jobd.job(5) has the types of variables", re.findall(r"^\*([a-z-]+)\*$", variables, re.M), job,
        [name for path in sorted((source / "daemon").glob("variable*.c"))
         for name in find(r'^\s+\.name = "([a-z-]+)",', path.relative_to(source))], "daemon/variable*.c")
compare("jobd.job(5) has the reserved names", set(re.findall(r"_([a-z_\\]+)_[,.\n]", variables.replace("\\_", "\\"))),
        job, {name.replace("_", "\\") for name in find(r'^\s+"([a-z_]+)",', "daemon/variable-name.c")},
        "daemon/variable-name.c")

members = set(re.findall(r"\*([a-z_]+)\*", section("man/jobctl.1.scd", "JSON")))
out.check("jobctl(1) has the members of what --json prints", [f"{name}: not there" for name in sorted(
    set(find(r'^\s+\{ "\w+", "([a-z_]+)", FIELD_', "common/job-json-field.c")) - members)] or ([] if members else ["nothing"]))

pages = {path.name.rsplit(".", 2)[0]: path.read_text(encoding="utf-8") for path in sorted((source / "man").glob("*.scd"))}
named = [(name, page, title) for name, text in pages.items() for page, title in
         [found[::-1] for found in re.findall(r'"([A-Z][A-Z ]+)"\s+in\s+\*([\w.-]+)\*\(\d\)', text)]
         + re.findall(r'\*([\w.-]+)\*\(\d\),\s+"([A-Z][A-Z ]+)"', text)]
out.check("the manual has the sections that it names", [f"{name}: {page} has no {title}" for name, page, title in named
                                                        if f"\n# {title}\n" not in pages[page]] or ([] if named else ["nothing"]))

listed = tap.run(list_settings)
compare("jobd.job(5) has the settings of [Service]",
        re.findall(r"\b(\w+)=", section(job, "Settings that a job class may have")), job, listed.stdout.split(),
        "the table")

conf = "man/jobd.conf.5.scd"
compare("jobd.conf(5) has the settings of jobd.conf", keys(section(conf, "SECTION [JOBD]")), conf,
        find(r"^#(\w+)=", "daemon/jobd.conf"), "daemon/jobd.conf")
compare("jobd reads the settings of jobd.conf", find(r"^#(\w+)=", "daemon/jobd.conf"), "daemon/jobd.conf",
        [key for key in find(r'"([A-Z]\w+)"', "daemon/settings.c") if key != "Jobd"]
        + find(r'\] = "(NotifyOn\w+)"', "daemon/notify-unit.c"), "daemon/settings.c")

daemon = "man/jobd.8.scd"
compare("jobd(8) has the reasons", re.findall(r"^\|  ([a-z-]+)$", section(daemon, "Outcomes"), re.M), daemon,
        find(r'\[JOB_RESULT_REASON_\w+\] = "([a-z-]+)"', "daemon/outcome.c"), "daemon/outcome.c")
compare("jobd(8) has the polkit actions", re.findall(r"^\|  (org\.jobd1\.\S+)$", text(daemon), re.M), daemon,
        find(r'<action id="(.*?)"', "polkit/org.jobd1.policy"), "polkit/org.jobd1.policy")
compare("jobd(8) has the message ids", re.findall(r"^:  ([0-9a-f]{32})$", text(daemon), re.M), daemon,
        find(r'"([0-9a-f]{32})"', "common/message-ids.h"), "common/message-ids.h")

with tempfile.TemporaryDirectory() as directory:
    command = [parse_job, *sorted(path for name in ("examples", "jobs") for path in (source / name).rglob("*.job"))]
    for example in re.findall(r"^```\n(.*?)^```", text(job), re.M | re.S):
        if re.search(r"^\[(Job|Service)\]$", example, re.M):
            file = pathlib.Path(directory, f"example {len(command)}")
            file.write_text(example.replace("\\\\", "\\"), encoding="utf-8")
            command += [*([] if "ExecStart=" in example else ["-m"]), file]
    parsed = tap.run(*command)
    out.check("the examples of job classes are accepted",
              [parsed.stdout or parsed.stderr] if parsed.returncode else [] if len(command) > 1 else ["no examples"])
out.done()
