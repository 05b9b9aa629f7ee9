#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What polkit and the bus are told: check-policy.py SOURCE_DIR

The actions are those that the daemon asks for, complete, and the rules name no others; the groups of the rules are
those that are made; the interfaces that the bus lets through are those of the contract.
"""

import re
import xml.etree.ElementTree as ElementTree

import tap

[source] = tap.arguments("SOURCE_DIR")
out = tap.Tap()


def parse(path):
    try:
        return ElementTree.parse(source / path).getroot(), []
    except (ElementTree.ParseError, OSError) as error:
        return ElementTree.Element("empty"), [f"{path}: {error}"]


def text(path):
    return (source / path).read_text(encoding="utf-8")


policy, problems = parse("polkit/org.jobd1.policy")
out.check("the polkit actions are XML", problems)
actions = {action.get("id"): action for action in policy.iter("action")}

asked = {action for path in (source / "daemon").glob("access*.c")
         for action in re.findall(r'"(org\.jobd1\.[a-z][a-z-]*)"', path.read_text(encoding="utf-8"))}
out.check("the actions are those that the daemon asks for",
          tap.differences("org.jobd1.policy", actions, "daemon/access*.c", asked))

problems = []
for name, action in actions.items():
    for tag in ("description", "message"):
        element = action.find(tag)
        if element is None or not (element.text or "").strip():
            problems.append(f"{name}: no {tag}")
        elif element.get("gettext-domain") != "jobd":
            problems.append(f"{name}: the {tag} cannot be translated: no gettext-domain=\"jobd\"")
    # polkit keeps a password for an action, not for a job: nothing that runs or changes something may ride on it
    keep = "auth_admin_keep" if name.startswith("org.jobd1.view-") else "auth_admin"
    defaults = {"allow_any": "auth_admin", "allow_inactive": "auth_admin", "allow_active": keep}
    given = {element.tag: element.text for element in action.find("defaults") or []}
    if given != defaults:
        problems.append(f"{name}: defaults {given} instead of {defaults}")
    for annotation in action.iter("annotate"):
        if annotation.get("key") != "org.freedesktop.policykit.imply":
            problems.append(f"{name}: unknown annotation {annotation.get('key')}")
        problems += [f"{name}: implies {implied}, which is no action"
                     for implied in (annotation.text or "").split() if implied not in actions]
out.check("each action is complete", problems)

rules = re.sub(r"^//.*\n", "", text("polkit/org.jobd1.rules"), flags=re.M)
groups = set(re.findall(r"^g\s+(\S+)", text("systemd/jobd.sysusers"), re.M))
names = set(re.findall(r'"([a-z][a-z-]*)"', rules))
operations = set(re.findall(r'\.operation = "([a-z-]+)"', text("daemon/access-table.c")))
names -= operations | {"operation"}
out.check("the rules name the groups of sysusers.d, and actions that there are",
          [f"{group}: not in the rules" for group in sorted(groups - names)]
          + [f"{name}: neither a group nor an action" for name in sorted(names - groups)
             if f"org.jobd1.{name}" not in actions])

bus, problems = parse("dbus/org.jobd1.conf")
contract, more_problems = parse("dbus/org.jobd1.xml")
out.check("the bus policy and the contract are XML", problems + more_problems)

default = [rule for policy in bus.findall("policy[@context='default']") for rule in policy]
allowed = [rule for rule in default if rule.tag == "allow" and rule.get("send_interface")]
out.check("the bus lets through the interfaces of the contract, to everybody",
          tap.differences("org.jobd1.conf",
                          {rule.get("send_interface") for rule in allowed
                           if not rule.get("send_interface").startswith("org.freedesktop.DBus.")},
                          "org.jobd1.xml", {interface.get("name") for interface in contract.iter("interface")}
                          - {"org.jobd1.Run"}))  # on the direct socket only
out.check("the bus lets nothing else through",
          ([] if default and default[0].tag == "deny" and dict(default[0].attrib) == {"send_destination": "org.jobd1"}
           else ["the first rule for everybody does not deny sending to org.jobd1"])
          + [f"{rule.attrib}: allowed to everybody" for rule in default
             if rule.tag == "allow" and rule not in allowed and dict(rule.attrib) != {"receive_sender": "org.jobd1"}]
          + [f"{rule.attrib}: not limited to org.jobd1" for rule in allowed
             if rule.get("send_destination") != "org.jobd1"])
out.done()
