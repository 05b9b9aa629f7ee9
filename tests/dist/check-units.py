#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What systemd is told: check-units.py DIRECTORY

DIRECTORY is a build directory, which is installed into a temporary root for this, or a root into which jobd was
installed already. systemd's own tools must take the units, sysusers.d and tmpfiles.d without a word, and the sandbox of
the services must be as tight as it is said to be.
"""

import pathlib
import re
import shutil
import tempfile

import tap

# What "systemd-analyze security" of systemd 252 counts, in tenths. What is left of jobd.service: it is root, sees the
# host's users, home directories (read-only), /proc and the processes in it, and talks AF_UNIX. jobd-refresh.service sees
# no home directories and no processes of others. What jobd-rest@.service keeps from itself by its own filter of system calls,
# which is more than the half of it (rest/syscall-filter.c and its test), systemd does not know of.
EXPOSURE = {"jobd.service": 10, "jobd-refresh.service": 7, "jobd-objects@.service": 17,
            "jobd-rest@.service": 72}

[directory] = tap.arguments("DIRECTORY")
out = tap.Tap()

with tempfile.TemporaryDirectory() as temporary:
    root = pathlib.Path(temporary, "root")
    # The units that those of jobd refer to
    shutil.copytree("/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True,
                    ignore=shutil.ignore_patterns("jobd*"))
    if (directory / "meson-info").is_dir():
        install = tap.run("meson", "install", "-C", directory, "--no-rebuild", "--quiet", "--destdir", root)
        out.check("it can be installed", [install.stdout + install.stderr] if install.returncode else [])
    else:
        shutil.copytree(directory, root, symlinks=True, dirs_exist_ok=True)

    units = sorted({path.name for path in root.rglob("systemd/system/jobd*") if path.is_file()})
    out.check("there are units", [] if "jobd.service" in units else ["jobd.service is not installed"])
    left = [f"{path.relative_to(root)}: {match}" for path in root.rglob("*jobd*") if path.is_file()
            and path.suffix in (".service", ".socket", ".slice", ".conf", ".rules", ".policy")
            for match in re.findall("@[A-Z]+@", path.read_text(encoding="utf-8"))]
    out.check("no @NAME@ is left in them", left)

    for unit in units:
        verify = tap.run("systemd-analyze", f"--root={root}", "--man=no", "verify", unit)
        out.check(f"systemd-analyze verify {unit}", [verify.stderr] if verify.returncode or verify.stderr else [])

    for unit, exposure in EXPOSURE.items():
        security = tap.run("systemd-analyze", f"--root={root}", "security", "--offline=yes", "--no-pager",
                           f"--threshold={exposure}", unit)
        out.check(f"the exposure of {unit} is at most {exposure / 10}",
                  [security.stdout + security.stderr] if security.returncode else [])

    (root / "etc").mkdir(exist_ok=True)
    for name in ("passwd", "group"):
        (root / "etc" / name).write_text("root:x:0:" + ("0::/:/bin/sh\n" if name == "passwd" else "\n"), encoding="ascii")
    sysusers = tap.run("systemd-sysusers", f"--root={root}", "jobd.conf")
    groups = set(re.findall("^(jobd.*?):", (root / "etc/group").read_text(encoding="ascii"), re.M))
    out.check("systemd-sysusers makes the groups",
              ([sysusers.stderr] if sysusers.returncode else [])
              + tap.differences("/etc/group", groups, "the manual", {"jobd-run", "jobd-approve", "jobd-admin", "jobd-objects"}))

    tmpfiles = tap.run("systemd-tmpfiles", f"--root={root}", "--create", "jobd.conf")
    modes = {"etc/jobd": 0o755, "etc/jobd/jobs": 0o755, "etc/jobd/objects": 0o755,
             "run/jobd": 0o755, "var/lib/jobd": 0o700}
    out.check("systemd-tmpfiles makes the directories",
              ([tmpfiles.stderr] if tmpfiles.returncode or tmpfiles.stderr else [])
              + [f"/{path}: not there, or not with mode {mode:o}" for path, mode in modes.items()
                 if not (root / path).is_dir() or (root / path).stat().st_mode & 0o7777 != mode])
out.done()
