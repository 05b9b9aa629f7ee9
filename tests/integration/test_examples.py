# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The examples, as they are installed: each runs, and what it says is what others say."""
import collections
import contextlib
import glob
import hashlib
import http.server
import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import unittest

from classes import write
from harness import JobdTestCase, jobctl, jobctl_json, journal, journal_cursor, journal_wait, run, start
from raw_bus import RawBus

EXAMPLES = '/usr/share/doc/jobd/examples'
JOBS = sorted(os.path.relpath(path, f'{EXAMPLES}/jobs')[:-4].replace('/', '.')
              for path in glob.glob(f'{EXAMPLES}/jobs/**/*.job', recursive=True))


def setUpModule():
    shutil.copytree(f'{EXAMPLES}/jobs', '/etc/jobd/jobs', dirs_exist_ok=True)
    jobctl('refresh')
    jobctl('enable', *JOBS)


class ExampleTestCase(JobdTestCase):
    has_defaults = True     # can be run without being told anything

    def ends(self, job, status, *args, **fields):
        """Runs the example. Returns its job result and what it wrote, as (priority, line)."""
        jobctl('run', '-q', job, *args, user='alice', check=False)
        result = jobctl_json('results', '--job', job, '-n', '1')[0]
        log = jobctl('logs', result['id'], user='alice').stdout
        self.assertEqual(result['status'], status, log)
        self.assertEqual({name: result[name] for name in fields}, fields)
        return result, [(int(entry['PRIORITY']), entry['MESSAGE'])
                        for entry in journal(f'_SYSTEMD_UNIT=jobd-run-{result["id"]}.service')]

    def refused(self, job, *args, texts):
        self.assertFails(['jobctl', 'run', '-q', job, *args], *texts, status=4, user='alice')


class All(JobdTestCase):
    def test_each_has_a_test(self):
        self.assertEqual(sorted(JOBS), sorted(case.job for case in ExampleTestCase.__subclasses__()))

    def test_readme_has_each(self):
        with open(f'{EXAMPLES}/README.md', encoding='utf-8') as file:
            self.assertEqual(re.findall(r'^\| \[(\S+)\]', file.read(), re.M), JOBS)

    def test_what_the_readme_has_alice_type(self):
        with open(f'{EXAMPLES}/README.md', encoding='utf-8') as file:
            typed = re.findall(r'^    alice\$ (.*)$', file.read(), re.M)
        for command in typed:
            run(command, user='alice')
        [watch] = jobctl_json('schedule', 'show', 'watch')
        self.assertEqual((len(typed), watch['interval'], watch['kwargs']['fail_if_any']), (2, 'hourly', True))

    def test_defaults_are_enough(self):
        for case in ExampleTestCase.__subclasses__():
            with self.subTest(job=case.job):
                if case.has_defaults:
                    self.assertOutcome(jobctl_json('run', case.job, user='alice')['id'], 'SUCCESS', warnings=[])

    def test_sandbox_is_tight(self):
        """By systemd's own rating, of 0 to 10; 1.5 and a little is a service without a hole."""
        for job in JOBS:
            with self.subTest(job=job), open(f'{EXAMPLES}/jobs/{job.replace(".", "/")}.job', encoding='utf-8') as file:
                service = file.read().partition('[Service]\n')[2]
                # what jobd adds
                service += '' if 'User=' in service else 'DynamicUser=yes\n'
                with open('/run/rated.service', 'w', encoding='utf-8') as unit:
                    unit.write(f'[Service]\n{service}')
                rated = run('systemd-analyze security --offline=yes --no-pager /run/rated.service').stdout
                exposure = float(re.search(r'exposure level for rated.service: ([0-9.]+)', rated)[1])
                self.assertLess(exposure, 3.0, rated)


class CertificatesExpiring(ExampleTestCase):
    job = 'examples.certificates.CertificatesExpiring'

    def test_against_openssl(self):
        os.makedirs('/etc/certificates', exist_ok=True)
        for name, days in ('soon', 3), ('later', 300):
            run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
                 f'/CN={name}', '-days', str(days), '-keyout', '/dev/null', '-out', f'/etc/certificates/{name}.pem'])
        run('chmod 644 /etc/certificates/*')
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'directory=/etc/certificates', '--var', 'days=30')
        end = run(['openssl', 'x509', '-noout', '-enddate', '-in', '/etc/certificates/soon.pem']).stdout.strip()
        self.assertEqual(lines, [(4, f'soon.pem: expires {end.removeprefix("notAfter=")}'),
                                 (6, '2 certificates checked, 1 expire within 30 days')])
        self.refused(self.job, '--var', 'days=-1', texts=['days', 'greater than or equal to 0'])


class FailedUnits(ExampleTestCase):
    job = 'examples.units.FailedUnits'
    unit = 'broken\\x2done.service'

    def setUp(self):
        run(['systemd-run', '--quiet', '--unit', self.unit, '--description=two words', '--wait', 'sh', '-c', 'exit 3'],
            check=False)
        self.addCleanup(run, ['systemctl', 'reset-failed', self.unit])

    def test_against_systemctl(self):
        run(['systemctl', 'is-failed', self.unit])
        _, lines = self.ends(self.job, 'SUCCESS')
        warned = [line for priority, line in lines if priority == 4]
        self.assertRegex('\n'.join(warned), r'(?m)^broken\\x2done\.service: exit-code since .*: two words$')
        count = len(run(['systemctl', '--failed', '--plain', '--no-legend']).stdout.splitlines())
        self.assertEqual((len(warned), lines[-1]), (count, (6, f'{count} units have failed')))

    def test_pattern_and_failure(self):
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'pattern=no-such-*', '--var', 'fail_if_any=yes')
        self.assertEqual(lines, [(6, '0 units have failed')])
        result, lines = self.ends(self.job, 'FAILURE', '--var', 'pattern=broken*', '--var', 'fail_if_any=yes')
        self.assertEqual((result['exit_code'], len(lines)), (1, 2))

    def test_pattern_is_no_option(self):
        for pattern in '$(id)', 'a b', '`id`', '':
            self.refused(self.job, '--var', f'pattern={pattern}', texts=['pattern'])
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'pattern=--version')
        self.assertEqual(lines, [(6, '0 units have failed')])


class RestartUnit(ExampleTestCase):
    job = 'examples.units.RestartUnit'
    has_defaults = False
    unit = 'restarted.service'

    def setUp(self):
        write('/run/systemd/system/restarted.service', """
            [Service]
            ExecStart=sh -c '[ ! -e /run/restarted.broken ] && exec sleep infinity'
            Type=exec
            ExecStartPost=sh -c '[ ! -e /run/restarted.broken ]'
        """)
        run(f'systemctl daemon-reload; systemctl start {self.unit}')
        self.addCleanup(run, f'systemctl stop {self.unit}')
        jobctl('set', self.job, 'approval_required=no')
        self.addCleanup(jobctl, 'revert', self.job, 'approval_required')

    def pid(self):
        return run(['systemctl', 'show', '-P', 'MainPID', self.unit]).stdout

    def test_only_with_the_approval_of_another(self):
        jobctl('revert', self.job, 'approval_required')
        before, cursor, data = self.pid(), journal_cursor(), json.dumps({'unit': self.unit})
        with RawBus('alice') as alice, RawBus('bob') as bob:
            _, request = alice.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', self.job, data, {}).body
            approve = request, 'org.jobd1.ScheduledJob', 'Approve', 'a{sv}', {}
            self.assertIsNotNone(alice.call(*approve).error)
            self.assertEqual(self.pid(), before)
            self.assertIsNone(bob.call(*approve).error)
        ended = journal_wait(f'JOB_CLASS_PATH={self.job}', since=cursor, contains='Job completed')
        self.assertOutcome(ended['JOB_RESULT_ID'], 'SUCCESS', user='alice', result={'restarted': True})
        self.assertNotEqual(self.pid(), before)

    def test_restarts(self):
        before = self.pid()
        result, _ = self.ends(self.job, 'SUCCESS', '--var', f'unit={self.unit}')
        self.assertEqual(jobctl_json('result', result['id'])['result'], {'restarted': True})
        self.assertNotEqual(self.pid(), before)
        log = jobctl('logs', result['id']).stdout
        self.assertIn('info restarted.service: was active: restarting', log)
        self.assertIn('success restarted.service: is active', log)

    def test_only_if_failed(self):
        before = self.pid()
        result, _ = self.ends(self.job, 'SUCCESS', '--var', f'unit={self.unit}', '--var', 'only_if_failed=yes')
        self.assertEqual(jobctl_json('result', result['id'])['result'], {'restarted': False})
        self.assertEqual(self.pid(), before)

    def test_failure(self):
        with open('/run/restarted.broken', 'w', encoding='ascii'):
            pass
        self.addCleanup(os.unlink, '/run/restarted.broken')
        result, _ = self.ends(self.job, 'FAILURE', '--var', f'unit={self.unit}')
        self.assertEqual(result['reason'], 'failed')
        self.assertIn('restarted.service cannot be restarted: ', result['message'])

    def test_only_services_that_there_are(self):
        for unit in 'no-such.service', 'dbus.socket', '--now', '$(id)':
            self.refused(self.job, '--var', f'unit={unit}', texts=['unit'])


class UpdatesPending(ExampleTestCase):
    job = 'examples.packages.UpdatesPending'

    def setUpClass():
        """A repository of our own is all that apt knows of, with a version of dpkg and of dash that is newer."""
        repository = '/opt/repository'
        for archive in 'stable', 'stable-security':
            os.makedirs(f'{repository}/{archive}', exist_ok=True)
        for archive, package in ('stable', 'dash'), ('stable-security', 'dpkg'), ('stable', 'not-installed-here'):
            with open(f'{repository}/{archive}/Packages', 'a', encoding='utf-8') as file:
                file.write(f'Package: {package}\nVersion: 99:1.0\nArchitecture: amd64\n'
                           f'Filename: ./{package}.deb\nSize: 1\nSHA256: {"0" * 64}\nDescription: newer\n\n')
        for archive in 'stable', 'stable-security':
            with open(f'{repository}/{archive}/Release', 'w', encoding='utf-8') as file:
                file.write(f'Origin: Test\nSuite: {archive}\nCodename: test\n')
        shutil.rmtree('/etc/apt/sources.list.d', ignore_errors=True)
        with open('/etc/apt/sources.list', 'w', encoding='utf-8') as file:
            file.write(''.join(f'deb [trusted=yes] file:{repository}/{archive} ./\n'
                               for archive in ('stable', 'stable-security')))
        run(['apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'update'])

    def test_against_dpkg_and_apt_get(self):
        _, lines = self.ends(self.job, 'SUCCESS')
        version = {package: run(['dpkg-query', '-W', '-f', '${Version}', package]).stdout
                   for package in ('dash', 'dpkg')}
        self.assertEqual(lines, [(4, f'dash: {version["dash"]} is installed, 99:1.0 is there (stable)'),
                                 (4, f'dpkg: {version["dpkg"]} is installed, 99:1.0 is there (stable-security)'),
                                 (6, '2 updates pending')])
        simulated = run(['apt-get', '-s', '-qq', 'dist-upgrade']).stdout
        self.assertEqual(sorted(re.findall(r'^Inst (\S+)', simulated, re.M)), ['dash', 'dpkg'])

    def test_security_only(self):
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'origin=security')
        self.assertEqual([line.split(':')[0] for _, line in lines[:-1]], ['dpkg'])
        self.assertEqual(lines[-1], (6, '1 updates pending'))

    def test_at_most(self):
        self.ends(self.job, 'SUCCESS', '--var', 'at_most=2')
        result, lines = self.ends(self.job, 'FAILURE', '--var', 'at_most=1')
        self.assertEqual((result['exit_code'], lines[-1]), (1, (3, 'more than 1')))
        self.refused(self.job, '--var', 'at_most=-1', '--var', 'origin=none', texts=['at_most', 'origin'])


class UserAudit(ExampleTestCase):
    job = 'examples.accounts.UserAudit'

    def setUpClass():
        for name, entry in (('toor', 'x:0:0::/root:/bin/bash'), ('twin', 'x:2001:2001::/home/twin:/usr/sbin/nologin'),
                            ('guest', 'x:3001:3001::/home/guest:/bin/sh'), ('open', ':3002:3002::/home/open:/bin/sh')):
            with open('/etc/passwd', 'a', encoding='utf-8') as file:
                file.write(f'{name}:{entry}\n')
        with open('/etc/shadow', 'a', encoding='utf-8') as file:
            file.write('toor:*:1::::::\ntwin:*:1::::::\nguest::1::::::\n')

    def test_against_getent(self):
        _, lines = self.ends(self.job, 'SUCCESS')
        with open('/etc/shells', encoding='utf-8') as file:
            shells = [line.strip() for line in file if line[0] == '/']
        entries = [line.split(':') for line in run(['getent', '-s', 'files', 'passwd']).stdout.splitlines()]
        self.assertEqual([line.split()[0] for _, line in lines if ' can log in: ' in line],
                         [entry[0] for entry in entries if (entry[6] or '/bin/sh') in shells])
        warnings = [line for priority, line in lines if priority == 4]
        for expected in ('toor has the uid of root', 'alice, twin share the uid 2001',
                         'guest can be logged in to without being asked for anything',
                         'open can be logged in to without being asked for anything'):
            self.assertIn(expected, warnings)
        self.assertFalse([line for line in warnings if line.startswith('root ')])
        uids = collections.Counter(entry[2] for entry in entries)
        empty = run("awk -F: '$2 == \"\"' /etc/shadow | wc -l").stdout
        self.assertEqual(len(warnings), uids['0'] - 1 + sum(1 for uid, n in uids.items() if uid != '0' and n > 1)
                         + int(empty) + 1)
        self.assertEqual(lines[-1][1].split()[0], str(len(entries)))

    def test_from_a_uid_on(self):
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'min_uid=2001')
        listed = [line.split()[0] for _, line in lines if ' can log in: ' in line]
        self.assertEqual(listed, [name for name in ('alice', 'bob', 'carol', 'dave', 'guest', 'open')])
        self.refused(self.job, '--var', 'min_uid=4294967295', texts=['min_uid', 'less than or equal to 4294967294'])


class DiskUsage(ExampleTestCase):
    job = 'examples.storage.DiskUsage'

    def setUpClass():
        for path, size in (('large/deep/er/file', 3 << 20), ('small/file', 5000), ('file', 100),
                           ('strange\nname/file', 9)):
            os.makedirs(os.path.dirname(f'/srv/tree/{path}'), exist_ok=True)
            with open(f'/srv/tree/{path}', 'wb') as file:
                file.write(os.urandom(size))
        os.link('/srv/tree/large/deep/er/file', '/srv/tree/large/twice')
        os.symlink('/usr', '/srv/tree/small/link')
        with open('/srv/tree/sparse', 'wb') as file:
            file.truncate(1 << 30)
        os.makedirs('/srv/tree/mounted')
        run(['mount', '-t', 'tmpfs', 'tmpfs', '/srv/tree/mounted'])
        run('dd if=/dev/zero of=/srv/tree/mounted/file bs=1M count=8 status=none')
        os.chmod('/srv/tree/large', 0o700)      # root's own

    def test_against_du(self):
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'directory=/srv/tree', '--var', 'top=2')
        sizes = {}
        for line in run('du -0 -x -B1 --max-depth=1 /srv/tree').stdout.split('\0')[:-1]:
            size, path = line.split('\t')
            sizes[path] = int(size)
        total = sizes.pop('/srv/tree')
        largest = sorted(sizes, key=lambda path: (-sizes[path], path))[:2]
        self.assertEqual(largest[0], '/srv/tree/large')
        self.assertEqual([line.split(None, 2)[2] for priority, line in lines if priority == 5],
                         [f'{path} ({sizes[path]} bytes)' for path in largest])
        self.assertTrue(lines[-1][1].endswith(f' in /srv/tree ({total} bytes)'), lines[-1])

    def test_progress(self):
        _, lines = self.ends(self.job, 'SUCCESS', '--var', 'directory=/srv/tree')
        percent = [int(line.split()[0]) for _, line in lines if ' %: ' in line]
        self.assertEqual((percent, percent[-1]), (sorted(percent), 100))
        self.assertGreater(len(percent), 2)
        self.assertIn('/srv/tree/strange\\nname', ' '.join(line for _, line in lines))

    def test_what_is_no_directory(self):
        for directory, text in ('/srv/none', 'No such file or directory'), ('/etc/passwd', 'Not a directory'):
            result, lines = self.ends(self.job, 'FAILURE', '--var', f'directory={directory}')
            self.assertEqual((result['exit_code'], lines), (1, [(3, f'{directory}: {text}')]))
        self.refused(self.job, '--var', 'directory=relative', '--var', 'top=0', texts=['directory', 'top'])


class SqliteBackup(ExampleTestCase):
    job = 'examples.databases.SqliteBackup'

    def copies(self, name, directory='/var/backups/sqlite'):
        return sorted(path for path in glob.glob(f'{directory}/{name}.*'))

    def dump(self, path):
        return run(['sqlite3', '-readonly', path, '.dump']).stdout

    def test_database_in_use(self):
        """By another user, with a write-ahead log that has rows in it, and rows that are not committed."""
        os.makedirs('/var/lib/app', exist_ok=True)
        shutil.chown('/var/lib/app', 'dave', 'dave')
        script = '''
import sqlite3, sys
db = sqlite3.connect('/var/lib/app/app.db', isolation_level=None)
db.execute('PRAGMA journal_mode = wal')
db.execute('CREATE TABLE t (x)')
db.executemany('INSERT INTO t VALUES (randomblob(1000))', [()] * 3000)
db.execute('BEGIN IMMEDIATE')
db.execute("INSERT INTO t VALUES ('not committed')")
print('ready', flush=True)
sys.stdin.read()
db.execute('ROLLBACK')
'''
        with start(['python3', '-c', script], user='dave', stdin=subprocess.PIPE) as writer:
            self.assertEqual(writer.stdout.readline(), 'ready\n')
            self.assertGreater(os.path.getsize('/var/lib/app/app.db-wal'), 1 << 20)
            _, lines = self.ends(self.job, 'SUCCESS', '--var', 'database=/var/lib/app/app.db')
            [copy] = self.copies('app.db')
            original = self.dump('/var/lib/app/app.db')
            # the files beside it still belong to those who use it
            for path in glob.glob('/var/lib/app/*'):
                self.assertEqual(os.stat(path).st_uid, 2004, path)
            writer.communicate('')
        self.assertEqual(self.dump(copy), original)
        self.assertEqual(original.count('INSERT INTO'), 3000)
        self.assertNotIn('not committed', original)
        self.assertEqual(run(['sqlite3', copy, 'PRAGMA integrity_check']).stdout, 'ok\n')
        self.assertEqual(os.stat(copy).st_mode & 0o777, 0o600)
        self.assertEqual(lines[-1], (5, copy))
        self.assertTrue([line for _, line in lines if line.startswith('100 %: ')])

    def test_jobd_own(self):
        self.ends(self.job, 'SUCCESS', '--var', 'directory=/var/backups/own')
        [copy] = self.copies('jobd.db', '/var/backups/own')
        with sqlite3.connect(f'file:{copy}?mode=ro', uri=True) as db:
            [(n,)] = db.execute('SELECT count(*) FROM job WHERE job_class_name = ?', ['SqliteBackup'])
        self.assertEqual(n, 1)

    def test_only_the_newest_are_kept(self):
        run(['sqlite3', '/var/lib/kept.db', 'CREATE TABLE t (x)'])
        os.makedirs('/var/backups/kept', exist_ok=True)
        old = [f'/var/backups/kept/kept.db.2020010{i}T000000Z' for i in range(1, 6)]
        others = ['/var/backups/kept/kept.db.20200101', '/var/backups/kept/other.db.20200101T000000Z',
                  '/var/backups/kept/kept.db']
        for path in old + others:
            open(path, 'w', encoding='utf-8').close()
        self.ends(self.job, 'SUCCESS', '--var', 'database=/var/lib/kept.db', '--var', 'directory=/var/backups/kept',
                  '--var', 'keep=3')
        self.assertEqual([path for path in old if os.path.exists(path)], old[-2:])
        self.assertEqual([path for path in others if not os.path.exists(path)], [])
        self.assertEqual(len(os.listdir('/var/backups/kept')), 3 + len(others))

    def test_nothing_is_left_of_a_failure(self):
        with open('/var/lib/none.db', 'w', encoding='utf-8') as file:
            file.write('this is not a database ' * 100)
        for database, text in ('/var/lib/none.db', 'not a database'), ('/var/lib/missing.db', 'unable to open'):
            result, lines = self.ends(self.job, 'FAILURE', '--var', f'database={database}', '--var',
                                      'directory=/var/backups/failed')
            self.assertEqual(result['exit_code'], 1)
            self.assertIn(text, lines[-1][1])
            self.assertEqual(os.listdir('/var/backups/failed'), [])

    def test_nothing_is_left_of_a_run_that_is_cancelled(self):
        with contextlib.closing(sqlite3.connect('/var/lib/locked.db', isolation_level=None)) as db:
            db.execute('CREATE TABLE t (x)')
            db.execute('BEGIN EXCLUSIVE')
            cursor = journal_cursor()
            result_id = jobctl('run', '--no-wait', self.job, '--var', 'database=/var/lib/locked.db', '--var',
                               'directory=/var/backups/cancelled', user='alice').stdout.strip()
            journal_wait(f'_SYSTEMD_UNIT=jobd-run-{result_id}.service', since=cursor, contains='copying')
            jobctl('cancel', result_id, user='alice')
            jobctl('logs', '-f', result_id, user='alice')
        self.assertOutcome(result_id, 'REVOKED', exit_code=1, signal=None)
        self.assertEqual(os.listdir('/var/backups/cancelled'), [])

    def test_elsewhere_is_refused(self):
        self.refused(self.job, '--var', 'database=/etc/x.db', '--var', 'directory=/etc', '--var', 'keep=0',
                     texts=['database', 'directory', 'keep'])


class KeyFits(ExampleTestCase):
    job = 'examples.certificates.KeyFits'
    has_defaults = False

    def setUp(self):
        for name in 'one', 'two':
            run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
                 f'/CN={name}', '-days', '30', '-keyout', f'/tmp/{name}.key', '-out', f'/tmp/{name}.pem'])
            shutil.chown(f'/tmp/{name}.key', 'alice')
        run('openssl pkey -in /tmp/one.key -aes256 -passout pass:secret -out /tmp/locked.key; chown alice /tmp/locked.key')

    def given(self, status, certificate, key):
        result, _ = self.ends(self.job, status, '--file', f'certificate={certificate}', '--file', f'key={key}')
        return result['message'] if status == 'FAILURE' else jobctl('logs', result['id'], user='alice').stdout

    def test_it(self):
        self.assertIn('success: this is the key of the certificate of CN = one',
                      self.given('SUCCESS', '/tmp/one.pem', '/tmp/one.key'))
        self.assertIn('this is not the key of the certificate of CN = two',
                      self.given('FAILURE', '/tmp/two.pem', '/tmp/one.key'))
        self.assertIn('the certificate cannot be read', self.given('FAILURE', '/tmp/one.key', '/tmp/one.key'))
        for key in '/tmp/one.pem', '/tmp/locked.key':
            self.assertIn('the key cannot be read', self.given('FAILURE', '/tmp/one.pem', key))


class Reboot(ExampleTestCase):
    job = 'examples.host.Reboot'
    has_defaults = False    # it needs leave

    def test_dry_run(self):
        result, lines = self.ends(self.job, 'SUCCESS', '--dry-run', '--var', 'delay=90s')
        self.assertIn((6, 'would reboot in 2 minutes: Planned maintenance'), lines)
        self.assertFalse(os.path.exists('/run/systemd/shutdown/scheduled'))
        self.assertEqual(result['user'], 'alice')
        self.refused(self.job, '--var', 'delay=10s', texts=['delay'])

    def test_two_people(self):
        made = jobctl_json('run', self.job, '--var', 'delay=1h', '--var', 'reason=-h new kernel', user='alice')
        self.assertEqual([(stage['name'], stage['group']) for stage in made['stages']],
                         [('colleague', 'jobd-approve'), ('administrator', 'jobd-admin')])
        approve = ['jobctl', 'approve', '--yes', made['id']]
        self.assertFails(approve, "stage 'colleague' is answered by the members of group 'jobd-approve'", status=4,
                         user='carol')
        run(approve, user='bob')
        self.assertFalse(os.path.exists('/run/systemd/shutdown/scheduled'))
        self.addCleanup(run, 'shutdown -c')
        cursor = journal_cursor()
        run(approve, user='carol')
        ended = journal_wait(f'JOB_CLASS_PATH={self.job}', since=cursor, contains='Job completed')
        self.assertOutcome(ended['JOB_RESULT_ID'], 'SUCCESS', user='alice')
        with open('/run/systemd/shutdown/scheduled', encoding='utf-8') as file:
            lines = file.read().replace('\\x20', ' ').splitlines()
        self.assertLessEqual({'MODE=reboot', 'WALL_MESSAGE=-h new kernel'}, set(lines))


class Server(http.server.BaseHTTPRequestHandler):
    """Fails once, then wants a token."""
    body = b'the file\n'
    paths = []

    def do_GET(self):
        self.paths.append(self.path)
        if self.path.endswith('flaky') and self.paths.count(self.path) == 1:
            return self.send_error(503)
        if self.path.startswith('/private') and self.headers['Authorization'] != 'Bearer sesame':
            return self.send_error(401)
        self.send_response(200)
        self.send_header('Content-Length', str(len(self.body)))
        self.end_headers()
        return self.wfile.write(self.body)

    def log_message(self, *args):
        pass


class Download(ExampleTestCase):
    job = 'examples.network.Download'
    has_defaults = False

    def setUpClass():
        run('ip link set lo up', check=False)
        write('/etc/jobd/jobs/examples/network/Download.job.d/50-test.conf', '[Job]\nRetryDelay=0\n')
        jobctl('refresh')

    def setUp(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f'http://127.0.0.1:{server.server_port}'

    def test_tried_again(self):
        result, _ = self.ends(self.job, 'SUCCESS', '--var', f'url={self.url}/some/flaky', attempt=2, attempts=3,
                              task_queue='downloads')
        digest = hashlib.sha256(Server.body).hexdigest()
        self.assertEqual(jobctl_json('result', result['id'])['result'],
                         {'name': 'flaky', 'size': len(Server.body), 'sha256': digest})
        run(['jobctl', 'outputs', result['id'], '--fetch=/home/alice'], user='alice')
        with open('/home/alice/flaky', 'rb') as file:
            self.assertEqual(file.read(), Server.body)

    def test_token(self):
        data = json.dumps({'url': f'{self.url}/private', 'token': 'sesame'})
        result, _ = self.ends(self.job, 'SUCCESS', '--data', data)
        self.assertEqual(result['task_kwargs'], {'url': f'{self.url}/private', 'sha256': None})

    def test_failures(self):
        for data, text in (({'url': f'{self.url}/private'}, '401'),
                           ({'url': f'{self.url}/x', 'sha256': '0' * 64}, 'the SHA-256 of the file is '),
                           ({'url': 'http://127.0.0.1:1/'}, 'Connection refused')):
            result, _ = self.ends(self.job, 'FAILURE', '--data', json.dumps(data))
            self.assertIn(text, result['message'])
        for url in 'file:///etc/passwd', 'http://', 'http://a b/', '-':
            self.refused(self.job, '--var', f'url={url}', texts=['url'])


class FailedUnitsLog(ExampleTestCase):
    job = 'examples.units.FailedUnitsLog'

    def setUp(self):
        run(['systemd-run', '--quiet', '--unit=talkative.service', '--wait', 'sh', '-c', 'echo first; echo last; exit 3'],
            check=False)
        self.addCleanup(run, ['systemctl', 'reset-failed', 'talkative.service'])
        self.addCleanup(shutil.rmtree, '/home/alice/logs', ignore_errors=True)

    def log_of(self, result_id):
        os.makedirs('/home/alice/logs', exist_ok=True)
        shutil.chown('/home/alice/logs', 'alice')
        run(['jobctl', 'outputs', result_id, '--fetch=/home/alice/logs'], user='alice')
        with open('/home/alice/logs/failed-units.log', encoding='utf-8') as file:
            return file.read()

    def test_follows_on_failed_units(self):
        cursor = journal_cursor()
        self.ends(FailedUnits.job, 'FAILURE', '--var', 'pattern=talk*', '--var', 'fail_if_any=yes')
        ended = journal_wait(f'JOB_CLASS_PATH={self.job}', since=cursor, contains='Job completed')
        self.assertOutcome(ended['JOB_RESULT_ID'], 'SUCCESS', user='alice')
        log = self.log_of(ended['JOB_RESULT_ID'])
        self.assertTrue(log.startswith('==== talkative.service\n'))
        for line in run('journalctl -q -o short-iso -n 50 -u talkative.service').stdout.splitlines():
            self.assertIn(line, log)

    def test_lines(self):
        result, _ = self.ends(self.job, 'SUCCESS', '--var', 'pattern=talk*', '--var', 'lines=1')
        self.assertEqual(len(self.log_of(result['id']).splitlines()), 2)


class Tell(JobdTestCase):
    """The handler of README.md, set up as it is printed there."""

    def tearDown(self):
        os.unlink('/etc/jobd/jobd.conf.d/50-tell.conf')
        run('systemctl restart jobd.service')

    def test_it(self):
        with open(f'{EXAMPLES}/README.md', encoding='utf-8') as file:
            for command in re.findall(r'^    # ((?:.*jobd-tell|mkdir|systemctl).*)$', file.read(), re.M):
                run(command)
        cursor = journal_cursor()
        request = jobctl_json('run', Reboot.job, user='alice')
        said = journal_wait(f'_SYSTEMD_UNIT=jobd-tell@{request["id"]}.service', since=cursor)
        self.assertEqual(said['MESSAGE'], f'alice asks to run {Reboot.job}')
        failed, _ = ExampleTestCase.ends(self, DiskUsage.job, 'FAILURE', '--var', 'directory=/no/such')
        said = journal_wait(f'_SYSTEMD_UNIT=jobd-tell@{failed["id"]}.service', since=cursor)
        self.assertEqual(said['MESSAGE'], f'{DiskUsage.job} for alice: FAILURE')


if __name__ == '__main__':
    unittest.main()
