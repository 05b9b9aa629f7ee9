# SPDX-License-Identifier: LGPL-2.1-or-later
"""For tests of approvals: jobs that require one, who may answer, a program whose runs are counted."""
import json
import os
import time

from harness import JobdTestCase, install_job, jobctl, journal_wait, run
from raw_bus import RawBus

MANAGER, SCHEDULE, PROPERTIES = 'org.jobd1.Manager', 'org.jobd1.ScheduledJob', 'org.freedesktop.DBus.Properties'
ERROR = 'org.jobd1.Error.'
DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
INTERACTIVE = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
REQUESTED, STAGE, APPROVED, DENIED_ID, EXPIRED, VOIDED = (
    '0ca7d7beee5e419db3b01992a6177eb7', '67302b26c86648a48c8ede9268359c29', '2b38b4817c11421c82fb39be392af46d',
    '0777993f5df24dda8b81c03c40223090', '344816c119cd46a8ab4ec84e1064bfcf', 'd453fc2ca1494f218144dc6787bfa814')
TOOL, RUNS = '/usr/local/lib/approved-tool', '/run/approved-runs'
USERS = ['root', 'alice', 'bob', 'carol', 'dave', 'erin', 'frank']
BUSES = {}


def write_tool(text='', path=TOOL):
    """A program whose runs are counted in a file."""
    with open(path + '.new', 'w', encoding='utf-8') as file:
        file.write(f'#!/bin/sh\n# {text}\n'
                   f'echo "$JOB_CLASS_PATH $1 dryrun=$JOB_VAR_dryrun by=$JOB_REQUESTER" >> {RUNS}\n')
    os.chmod(path + '.new', 0o755)
    os.rename(path + '.new', path)


def runs_of(device):
    with open(RUNS, encoding='utf-8') as file:
        return [line.strip() for line in file if f' {device} ' in line]


def install(class_path, lines='', service='', variables=''):
    install_job(class_path, '\n'.join(['[Job]', 'ApprovalRequired=yes', lines, '[Variable device]', 'Label=Host name',
                                       '[Variable dryrun]', 'Type=dryrun', variables, '[Service]', 'User=root',
                                       f'ExecStart={TOOL} ${{JOB_VAR_device}}', service, '']))


def set_up():
    open(RUNS, 'w', encoding='utf-8').close()
    write_tool()
    for user in ('erin', 'frank'):
        run(['useradd', '--groups', 'jobd-approve', user])
    for group, members in {'dba': 'bob,erin', 'release': 'carol,bob'}.items():
        run(['groupadd', group])
        run(['gpasswd', '--members', members, group])
    install('appr.Simple')
    install('appr.Staged', 'ApprovalStages=tech:dba:2 "last word":release')
    install('appr.NoGroup', 'ApprovalStages=tech:there-is-no-such-group')
    install('appr.Conflict', 'HasSensitiveVariables=yes')
    install('appr.Class')
    install('appr.Override')
    install('appr.Gone')
    install('appr.NoTool', service='ExecStartPre=/usr/local/lib/there-is-no-such')
    install_job('appr.Plain', f'''
        [Job]
        ApprovalRequired=yes
        [Variable dryrun]
        Type=boolean
        [Service]
        ExecStart={TOOL} plain
    ''')
    jobctl('refresh')
    jobctl('enable', *(f'appr.{name}' for name in ('Simple', 'Staged', 'NoGroup', 'Conflict', 'Class', 'Override',
                                                   'Gone', 'NoTool', 'Plain')))
    for user in USERS:
        BUSES[user] = RawBus(user)


def tear_down():
    for bus in BUSES.values():
        bus.close()


def option(value):
    return {bool: 'b', str: 's', int: 't'}[type(value)], value


def options_of(options):
    return {name: option(value) for name, value in options.items()}


class ApprovalTestCase(JobdTestCase):
    number = 0

    def device(self):
        """A name for the input that no other request has."""
        ApprovalTestCase.number += 1
        return f'dev{ApprovalTestCase.number}'

    def submit(self, job='Simple', user='alice', data=None, **options):
        data = {'device': self.device()} if data is None else data
        return BUSES[user].call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', f'appr.{job}', json.dumps(data),
                                options_of(options))

    def request(self, *args, **kwargs):
        """The object of a request that waits for an approval."""
        reply = self.submit(*args, **kwargs)
        self.assertIsNone(reply.error, reply)
        path = reply.body[1]
        self.assertTrue(path.startswith('/org/jobd1/schedule/'), path)
        self.assertEqual(self.state(path), 'pending')
        return path

    def properties(self, path):
        return BUSES['root'].call(path, PROPERTIES, 'GetAll', 's', SCHEDULE).body[0]

    def state(self, path):
        return self.properties(path)['State']

    def device_of(self, path):
        return json.loads(self.properties(path)['Data'])['device']

    def answer(self, path, user, member='Approve', **options):
        return BUSES[user].call(path, SCHEDULE, member, 'a{sv}', options_of(options))

    def approve(self, path, user='bob', **options):
        reply = self.answer(path, user, **options)
        self.assertIsNone(reply.error, reply)

    def approve_now(self, path, user='bob', **options):
        """What there is now, looked at."""
        self.approve(path, user, digest=self.properties(path)['Digest'], **options)

    def assertRefused(self, reply, name, *texts):
        self.assertIn(reply.error, (name, ERROR + name), reply)
        for text in texts:
            self.assertIn(text, reply.body[0])

    def wait_run(self, device, since):
        journal_wait('MESSAGE_ID=0b09611171c04b918c9eb5e4bbfa774f', 'MESSAGE_ID=34d44591472b4561aac07c10a37bb99a',
                     since=since)
        self.assertEqual(len(runs_of(device)), 1, runs_of(device))

    def described(self, path, user='bob'):
        reply = BUSES[user].call(path, SCHEDULE, 'GetRequest')
        self.assertIsNone(reply.error, reply)
        return json.loads(reply.body[0])
