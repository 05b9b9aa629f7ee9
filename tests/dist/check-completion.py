#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What bash offers, what --help says and what the manual says are the same: check-completion.py SOURCE_DIR JOBCTL JOBD_JOB

The verbs, their options, their actions, and the fields and properties that they take.
"""

import os
import re
import subprocess

import tap

[source, jobctl, jobd_job] = tap.arguments("SOURCE_DIR", "JOBCTL", "JOBD_JOB")
out = tap.Tap()
page = (source / "man/jobctl.1.scd").read_text(encoding="utf-8")
# Without a bus: what depends on the jobs of the host is not asked for here.
environment = {**os.environ, "LC_ALL": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/dev/null"}


def complete(*words, program="jobctl"):
    script = ('compopt() { :; }; jobctl() { :; }; source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_${1//-/_}"; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, str(source / f"cli/{program}.bash"), program, *words], check=True,
                          capture_output=True, text=True, env=environment, timeout=60)
    return {word for word in done.stdout.split("\n") if word}


def help_of(*verb, program=jobctl):
    return tap.run(program, *verb, "--help", env=environment, timeout=60).stdout


def options(text):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.M))


def part(text, heading):
    return re.search(rf"^{heading}:\n(.*?)(?:\n\n|\Z)", text, re.M | re.S)[1]


def manual_of(verb):
    """The paragraphs of a verb: from its first line to that of another one."""
    lines = re.split(r"^(?=\*[a-z]|# )", page.partition("# VERBS")[2].partition("# OPTIONS")[0], flags=re.M)
    return "\n".join(text for text in lines if re.match(rf"\*{verb}[ *]|.*, \*{verb}[ *]", text.split("\n")[0]))


verbs = set(re.findall(r"^  ([a-z]+) .*", "".join(part(help_of(), heading) + "\n" for heading in (
    "Jobs", "Runs", "Schedules and approvals", "Queues")), re.M))
common = options(help_of()) - {"--version"}
out.check("verbs", tap.differences("--help", verbs, "bash", {word for word in complete("") if word[0] != "-"}))
out.check("options of all verbs", tap.differences("--help", common | {"--version"}, "bash", complete("--")))
for verb in sorted(verbs):
    own = options(help_of(verb))
    out.check(f"options of {verb}", tap.differences("--help", own, "bash", complete(verb, "-")))
    in_manual = set(re.findall(r"\*(--[a-z-]+)", manual_of(verb)))
    out.check(f"{verb} in the manual", ([] if manual_of(verb) else ["is not there"])
              + [f"{option}: is not there" for option in sorted(own - common - in_manual)])

for verb, heading in ("schedule", "Actions"), ("queue", "Actions"), ("objects", "Commands"):
    words = set(re.findall(r"^  ([a-z-]+)", part(help_of(verb), heading), re.M))
    out.check(f"what {verb} does", tap.differences("--help", words, "bash", complete(verb, ""))
              + [f"{word}: not in the manual" for word in sorted(words) if f"*{verb}* *{word}*" not in page
                 and f"*{verb} {word}*" not in page and f"*{verb}* [*{word}*]" not in page])
for words, heading in (("set", "job"), "Fields"), (("revert", "job"), "Fields"), (("queue", "set", "name"), "Properties"):
    text = re.sub(r"\(.*?\)|and of its slice", ",", part(help_of(words[0]), heading))
    shown = set(re.findall(r"\w+", text))
    out.check(f"{heading} of {words[0]}", tap.differences("--help", shown, "bash",
                                                         {word.rstrip("=") for word in complete(*words, "")})
              + [f"{name}: not in the manual" for name in sorted(shown) if f"*{name}*" not in page])

# What messages tell to type: "jobctl queue show NAME"
advised = {(words, path.name) for name in ("common", "daemon", "cli", "rest", "objects")
           for path in sorted((source / name).glob("*.c"))
           for words in re.findall(r'\\"jobctl ([a-z]+(?: [a-z-]+)?)', re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8")))}
catalog = source / "systemd/jobd.catalog"
advised |= {(words, catalog.name) for words in re.findall(r'"jobctl ([a-z]+(?: [a-z-]+)?)', catalog.read_text(encoding="utf-8"))}
actions = {verb: {f"{verb} {word}" for word in complete(verb, "")} for verb in ("schedule", "queue", "objects")}
out.check("what messages tell to type", [f"{path}: jobctl {words}" for words, path in sorted(advised)
                                         if words not in actions.get(words.split()[0], {words})
                                         or words.split()[0] not in verbs] or ([] if advised else ["nothing found"]))

page = (source / "man/jobd-job.1.scd").read_text(encoding="utf-8")
verbs = set(re.findall(r"^  ([a-z]+) .*", help_of(program=jobd_job), re.M))
out.check("verbs of jobd-job", tap.differences("--help", verbs, "bash", {word for word in complete(
    "", program="jobd-job") if word[0] != "-"}) + [f"{verb}: not in the manual" for verb in sorted(verbs)
                                                   if not re.search(rf"^\*{verb}\*", page, re.M)])
for verb in sorted(verbs):
    own = options(help_of(verb, program=jobd_job))
    out.check(f"options of jobd-job {verb}", tap.differences("--help", own, "bash", complete(verb, "-", program="jobd-job"))
              + [f"{option}: not in the manual" for option in sorted(own) if f"*{option}" not in page])
out.done()
