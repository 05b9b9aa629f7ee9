#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
GLib is a data library here: check-symbols.py PROGRAM...

There is one event loop, sd-event, and one D-Bus library, sd-bus. A second loop or a thread beside them would be a race;
so no program may import what starts one. json-glib's parser is a GObject: to let go of it is allowed, to make own
classes is not.
"""

import re

import tap

FORBIDDEN = re.compile(r"""
    g_(?: main_ | idle_ | timeout_ | source_ | child_watch_ | unix_fd_ | unix_signal_ | io_ | poll
      | dbus_ | bus_ | task_ | async_ | cancellable_ | application_ | socket_ | subprocess_ | settings_
      | thread_ | mutex_ | rec_mutex_ | rw_lock_ | cond_ | private_ | once_impl | async_queue_
      | object_(?!unref$|ref$) | type_ | signal_ | boxed_ | param_spec_ | closure_
      | spawn_ | file_(?:new_|query_|monitor_|read_async|load_) )
    | pthread_create$ | thrd_create$
    | polkit_ | soup_""", re.X)

# libmicrohttpd, where it is linked in, could start one; the filter of system calls of jobd-rest refuses it.
ALLOWED = {"jobd-rest": {"pthread_create"}}

[programs] = tap.arguments(more="PROGRAM")
out = tap.Tap()
for program in programs:
    nm = tap.run("nm", "--dynamic", "--undefined-only", "--without-symbol-versions", program)
    symbols = [line.split()[-1] for line in nm.stdout.splitlines()]
    out.check(f"{program.name}: imports no second event loop, bus, thread or object system",
              ([nm.stderr] if nm.returncode else []) + ([] if symbols else ["no imported symbols: is it a program?"])
              + [symbol for symbol in symbols if FORBIDDEN.match(symbol) and symbol not in ALLOWED.get(program.name, ())])
out.done()
