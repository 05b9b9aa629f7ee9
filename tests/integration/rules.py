# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules of polkit, and an authentication agent that never answers."""
import contextlib
import os
import re
import textwrap

from harness import journal, journal_cursor, journal_wait, run
from raw_bus import CALL, RawBus

RULES = '/etc/polkit-1/rules.d/10-test.rules'
POLKIT, AUTHORITY = 'org.freedesktop.PolicyKit1', '/org/freedesktop/PolicyKit1/Authority'


def files_loaded():
    lines = [re.search(r'executing (\d+) rules', entry['MESSAGE']) for entry in journal('SYSLOG_IDENTIFIER=polkitd')]
    return int([line for line in lines if line][-1][1])


@contextlib.contextmanager
def polkit_rules(body):
    """Inside, these rules come before those of jobd. polkitd reads them by itself; its own line says when it has.

    The line has the number of files: polkitd can read them more than once for a change, so the next line need not be that
    of this one.
    """
    run(['systemctl', 'start', 'polkit.service'])
    cursor, files = journal_cursor(), files_loaded()
    with open(RULES + '.new', 'w', encoding='utf-8') as file:
        file.write(textwrap.dedent(body))
    os.chmod(RULES + '.new', 0o644)
    os.rename(RULES + '.new', RULES)
    try:
        journal_wait('SYSLOG_IDENTIFIER=polkitd', since=cursor, contains=f'executing {files + 1} rules')
        yield
    finally:
        cursor = journal_cursor()
        os.unlink(RULES)
        journal_wait('SYSLOG_IDENTIFIER=polkitd', since=cursor, contains=f'executing {files} rules')


class SilentAgent:
    """Asks nobody and never answers, for all calls that this process makes, whichever user's connection they use.

    Each request for a password waits until close(), or until the connection that made it is closed.
    """

    def __init__(self):
        with open('/proc/self/stat', encoding='utf-8') as file:
            start_time = int(file.read().rsplit(')', 1)[1].split()[19])
        subject = ('unix-process', {'pid': ('u', os.getpid()), 'start-time': ('t', start_time)})
        self.bus = RawBus()
        reply = self.bus.call(AUTHORITY, POLKIT + '.Authority', 'RegisterAuthenticationAgent', '(sa{sv})ss', subject,
                              'C', '/agent', destination=POLKIT)
        assert not reply.error, reply

    def wait_asked(self):
        """Until polkit wants a password of somebody; returns the message for them, and what it is about."""
        request = self.bus.wait(lambda m: m.kind == CALL and m.member == 'BeginAuthentication', 'a password request')
        return request.body[1], request.body[3]

    def close(self):
        self.bus.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
