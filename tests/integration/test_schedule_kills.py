# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""jobd is killed before each step of what it does by itself about scheduled jobs, and nobody but systemd starts it again."""
import collections
import contextlib
import glob
import os
import shutil
import sqlite3
import time
import unittest

from harness import TIMEOUT, JobdTestCase, install_job, jobctl, run, unit_properties
from kills import STEPS_MAX, kill_at, steps_counted

STATE, SAVED, TRACE = '/var/lib/jobd', '/var/tmp/saved', '/var/tmp/trace'
DATABASE, MARK = f'{STATE}/jobd.db', f'{STATE}/clock-set-back'
MINUTE, HOUR, DAY = 60 * 10**6, 3600 * 10**6, 86400 * 10**6


def setUpModule():
    install_job('kills.Trace', f'[Service]\nUser=root\nExecStart=sh -c "echo $$JOB_RESULT_ID >> {TRACE}"\n')
    jobctl('refresh')
    jobctl('enable', 'kills.Trace')
    os.mkdir(SAVED)


def now():
    return time.time_ns() // 1000


def stop():
    run(['systemctl', 'stop', 'jobd.service'])


def query(sql, *values):
    with contextlib.closing(sqlite3.connect(f'file:{DATABASE}?mode=ro', uri=True, timeout=TIMEOUT)) as db:
        return db.execute(sql, values).fetchall()


@contextlib.contextmanager
def database():
    """The database, while jobd is stopped."""
    stop()
    with contextlib.closing(sqlite3.connect(DATABASE)) as db, db:
        yield db


def save():
    """What restore() begins with."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as db:
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    shutil.copy(DATABASE, SAVED)


def restore(ahead=0):
    """ahead: how many seconds the clock was when the database was written."""
    for name in glob.glob(DATABASE + '*'):
        os.unlink(name)
    shutil.copy(f'{SAVED}/jobd.db', DATABASE)
    when = time.time() + ahead
    os.utime(DATABASE, (when, when))


def schedule(name, interval, **options):
    jobctl('run', '--no-wait', '--name', name, f'--interval={interval}', '--at=+1h', 'kills.Trace',
           *(f'--{key}={value}' for key, value in options.items()))


class Fire(JobdTestCase):
    """Two times of each were missed while the host was off."""
    POLICIES = {'none': ['REVOKED', 'REVOKED'], 'last': ['REVOKED', 'SUCCESS'], 'all': ['SUCCESS', 'SUCCESS']}

    def prepare(self):
        for policy in self.POLICIES:
            schedule(policy, 'hourly', missed=policy)
        schedule('once', 'future')
        first = now() // MINUTE * MINUTE - HOUR - 20 * MINUTE       # so that the next one is far enough away
        with database() as db:
            db.execute("UPDATE scheduled_job SET next_run_at = ?1, start_time = ?1, time_zone = 'UTC'", (first,))
        save()
        return first

    def settle(self):
        """Nobody asks jobd for anything."""
        deadline = time.monotonic() + TIMEOUT
        while (query("SELECT 1 FROM scheduled_job WHERE state = 'active' AND next_run_at <= ?", now()) or
               query("SELECT 1 FROM job_result WHERE status IN ('PENDING', 'STARTED')")):
            self.assertLess(time.monotonic(), deadline, query('SELECT * FROM job_result'))
            time.sleep(0.02)

    def check(self, first):
        rows = query('SELECT s.name, r.nominal_time, r.status, r.id FROM job_result r JOIN scheduled_job s'
                     ' ON r.scheduled_job_id = s.id ORDER BY s.name, r.nominal_time')
        expected = [(policy, first + n * HOUR, status) for policy, statuses in self.POLICIES.items()
                    for n, status in enumerate(statuses)] + [('once', first, 'SUCCESS')]
        self.assertEqual([row[:3] for row in rows], sorted(expected))
        with open(TRACE, encoding='utf-8') as file:
            ran = collections.Counter(file.read().split())
        self.assertEqual(ran, collections.Counter(row[3] for row in rows if row[2] == 'SUCCESS'))
        self.assertEqual(query("SELECT name, state, total_run_count, next_run_at FROM scheduled_job ORDER BY name"),
                         [('all', 'active', 2, first + 2 * HOUR), ('last', 'active', 1, first + 2 * HOUR),
                          ('none', 'active', 0, first + 2 * HOUR), ('once', 'completed', 1, 0)])

    def test_at_each_step(self):
        """Each time is one run or one record that it was missed, as its policy says, and that is counted once."""
        first = self.prepare()
        with steps_counted():
            for n in [*range(1, 30), *range(30, STEPS_MAX, 5)]:
                restore()
                open(TRACE, 'w', encoding='utf-8').close()
                kill_at(n)
                run(['systemctl', 'start', '--no-block', 'jobd.service'])
                self.settle()
                was_killed = unit_properties('jobd.service')['NRestarts'] != '0'
                kill_at(0)
                stop()
                with self.subTest(step=n):
                    self.check(first)
                run(['systemctl', 'reset-failed', 'jobd.service'], check=False)
                if not was_killed:
                    break
        self.assertFalse(was_killed)
        self.assertGreater(n, 60)


class Review(JobdTestCase):
    """The clock was set back."""

    def prepare(self):
        """Many that were worked out while it was ahead: more than the database holds in memory until they are stored."""
        with database() as db:
            db.execute('DELETE FROM scheduled_job')
        schedule('ahead 0', 'hourly')
        with database() as db:
            columns = [row[1] for row in db.execute('PRAGMA table_info(scheduled_job)') if row[1] not in ('seq', 'id', 'name')]
            db.execute(f'WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)'
                       f' INSERT INTO scheduled_job (id, name, {", ".join(columns)})'
                       f" SELECT printf('00000000-0000-4000-8000-%012d', i), 'ahead ' || i, {', '.join(columns)}"
                       f' FROM n, scheduled_job')
            db.execute('UPDATE scheduled_job SET next_run_at = ?, start_time = ?', (now() + 30 * DAY, now() - DAY))
        save()

    def test_at_each_step(self):
        """Whenever it is killed, the next jobd works out what is left."""
        self.prepare()
        with steps_counted('Restart=no'):
            n, before = 1, 1
            while True:
                restore(ahead=29 * 86400)
                kill_at(n)
                run(['systemctl', 'start', 'jobd.service'], check=False)
                stop()
                was_killed = unit_properties('jobd.service')['Result'] == 'signal'
                kill_at(0)
                run(['systemctl', 'reset-failed', 'jobd.service'], check=False)
                run(['systemctl', 'start', 'jobd.service'])
                stop()
                with self.subTest(step=n):
                    self.assertAllNear()
                if not was_killed:
                    break
                n, before = n + before, n
        self.assertGreater(n, 8)

    def test_left_in_the_middle(self):
        """By one that did not come to its end, and has stored something since."""
        self.prepare()
        restore()
        open(MARK, 'w', encoding='utf-8').close()
        run(['systemctl', 'start', 'jobd.service'])
        stop()
        self.assertAllNear()

    def assertAllNear(self):
        self.assertEqual(query('SELECT count(*) FROM scheduled_job WHERE next_run_at > ?', now() + 2 * HOUR), [(0,)])
        self.assertFalse(os.path.exists(MARK))


if __name__ == '__main__':
    unittest.main()
