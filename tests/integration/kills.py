# SPDX-License-Identifier: LGPL-2.1-or-later
"""jobd that is killed before the n-th of its steps: whatever it does to its store, to the bus and to the journal.

kill-at.c counts them.
"""
import contextlib
import os

from harness import run

KILL_AT = '/var/lib/jobd/kill-at'
DROP_IN = '/run/systemd/system/jobd.service.d/kill-at.conf'
STEPS_MAX = 300


@contextlib.contextmanager
def steps_counted(*settings):
    """jobd counts its steps, and has these further lines in [Service]; it is stopped before and after."""
    os.makedirs(os.path.dirname(DROP_IN), exist_ok=True)
    with open(DROP_IN, 'w', encoding='utf-8') as file:
        file.write('\n'.join(['[Service]', 'Environment=LD_PRELOAD=/opt/jobd/build/tests/libkill-at.so', *settings, '']))
    run('systemctl daemon-reload && systemctl stop jobd.service')
    try:
        yield
    finally:
        os.unlink(DROP_IN)
        kill_at(0)
        os.unlink(KILL_AT)
        run('systemctl daemon-reload && systemctl stop jobd.service')


def kill_at(n):
    """Counted from now on, or from the start of the next jobd. 0: it is not killed."""
    with open(KILL_AT + '.new', 'w', encoding='utf-8') as file:
        file.write(str(n))
    os.rename(KILL_AT + '.new', KILL_AT)
