# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Filters of lists over a long history, by time, name and search: HTTP, D-Bus and jobctl show the same."""
import contextlib
import datetime
import sqlite3
import unittest
import urllib.parse
import uuid

from harness import JobdTestCase, install_job, jobctl, jobctl_json, run
from raw_bus import RawBus
from rest import curl, job_path

STORE = '/var/lib/jobd/jobd.db'
RESULTS, SCHEDULES = '/api/extras/job-results/', '/api/extras/scheduled-jobs/'
MANAGER = ('/org/jobd1', 'org.jobd1.Manager')
MINUTE = datetime.timedelta(minutes=1)
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
N = 30_000      # more than one call looks at, by name or q
USERS = {'alice': 2001, 'carol': 2003}


def usec(when):
    return (when - BEGIN.fromtimestamp(0, BEGIN.tzinfo)) // datetime.timedelta(microseconds=1)


def iso(when):
    return when.isoformat().replace('+00:00', 'Z')


def row(i):
    """One job result a minute; every 10,000th, from the 5,000th on, is called Rare; by turns alice's and carol's."""
    user = 'carol' if i % 2 else 'alice'
    when = usec(BEGIN + i * MINUTE)
    return str(uuid.UUID(int=i + 1)), 'Rare Österreich' if i % 10_000 == 5_000 else 'Often', USERS[user], user, when, when, when


def setUpModule():
    install_job('past.Often', '[Job]\nHasSensitiveVariables=no\nTaskQueues=default bulk\n[Service]\nExecStart=true\n')
    jobctl('refresh')
    jobctl('enable', 'past.Often')
    template = jobctl_json('run', 'past.Often')['id']
    run('systemctl stop jobd.service')
    own = ('id', 'name', 'requester_uid', 'requester', 'date_created', 'date_started', 'date_done')
    with contextlib.closing(sqlite3.connect(STORE)) as store, store:
        columns = ', '.join(column[1] for column in store.execute('PRAGMA table_info(job_result)')
                            if column[1] not in ('seq', *own))
        store.executemany(f'INSERT INTO job_result ({", ".join(own)}, {columns}) SELECT ?, ?, ?, ?, ?, ?, ?, {columns}'
                          f' FROM job_result WHERE id = "{template}"', [row(i) for i in range(N)])
        store.execute('DELETE FROM job_result WHERE id = ?', (template,))


def found(query, user=None):
    """The numbers of all results that a list has, page after page."""
    url, numbers = RESULTS + '?' + query, []
    while url:
        page = curl(url, user=user)
        assert page.status == 200, page
        numbers += [uuid.UUID(result['id']).int - 1 for result in page.json['results']]
        url = page.json['next']
    return numbers


class ByTime(JobdTestCase):
    def test_bounds(self):
        """Both are included by gte and lte, neither by gt and lt."""
        first, last = BEGIN + 100 * MINUTE, BEGIN + 110 * MINUTE
        for bounds, numbers in ((('gte', 'lte'), range(110, 99, -1)), (('gt', 'lt'), range(109, 100, -1)),
                                (('gte', 'lt'), range(109, 99, -1)), (('gt', 'lte'), range(110, 100, -1))):
            query = f'date_created__{bounds[0]}={iso(first)}&date_created__{bounds[1]}={iso(last)}'
            self.assertEqual(found(query), list(numbers), bounds)
            self.assertEqual(found(query + '&limit=3'), list(numbers), bounds)
            self.assertEqual(curl(f'{RESULTS}?{query}&limit=3').json['count'], len(numbers), bounds)
        self.assertEqual(curl(f'{RESULTS}?date_created__gte=2026-01-01').json['count'], N)
        self.assertEqual(curl(f'{RESULTS}?date_created__lte=2025-12-31T23:59:59Z').json['count'], 0)
        self.assertEqual(curl(f'{RESULTS}?date_created__gt={iso(BEGIN + (N - 1) * MINUTE)}').json['count'], 0)

    def test_with_others(self):
        query = f'date_created__gte={iso(BEGIN + 100 * MINUTE)}&date_created__lt={iso(BEGIN + 110 * MINUTE)}'
        for more, user, numbers in (('user=carol', None, [109, 107, 105, 103, 101]), ('', 'alice', [108, 106, 104, 102, 100]),
                                    ('status=SUCCESS&job_model=past.Often&user=alice', None, [108, 106, 104, 102, 100]),
                                    ('status=FAILURE', None, []), ('job_queue=bulk', None, []), ('', 'dave', [])):
            self.assertEqual(found(f'{query}&{more}&limit=2', user), numbers, (more, user))
            self.assertEqual(curl(f'{RESULTS}?{query}&{more}', user=user).json['count'], len(numbers), (more, user))

    def test_ways_to_write_it(self):
        for text in '2026-01-01T01:40:00Z', '2026-01-01T01:40Z', '2026-01-01 02:40+01:00', '2026-01-01T01:40:00.000000Z':
            query = urllib.parse.urlencode({'date_created__gte': text, 'date_created__lt': '2026-01-01T01:42:00Z'})
            self.assertEqual(found(query), [101, 100], text)
        for text in '2026-01-01T02:40:00+01:00', 'yesterday', '2026-13-01', '', '1969-01-01':   # a bare "+" is a blank
            reply = curl(f'{RESULTS}?date_created__lte={text}')
            self.assertEqual((reply.status, list(reply.json)), (400, ['date_created__lte']), text)
            self.assertIn('%2B', reply.json['date_created__lte'][0])
        reply = curl(f'{RESULTS}?date_created__gt=2026-01-01&date_created__gte=2026-01-01')
        self.assertEqual((reply.status, reply.json), (400, {'date_created__gte': ['Only one value is taken.']}))

    def test_jobctl(self):
        def listed(*arguments, user=None):
            return [uuid.UUID(result['id']).int - 1 for result in jobctl_json('results', *arguments, user=user)]
        self.assertEqual(listed('--since', '2026-01-01 01:40 UTC', '--until', '2026-01-01 01:42 UTC'), [102, 101, 100])
        self.assertEqual(listed('-S', '2026-01-01 01:40 UTC', '-U', f'@{usec(BEGIN + 102 * MINUTE) // 1_000_000}',
                                '--user=alice'), [102, 100])
        self.assertEqual(listed('--until', '2026-01-01T00:01:00Z', user='alice'), [0])
        self.assertEqual(jobctl('results', '--until=2025-01-01').stdout, 'No job results.\n')
        self.assertFails(['jobctl', 'results', '--since=now', '--until=yesterday'], '--since="now" is later than', status=2)
        self.assertFails(['jobctl', 'results', '--since=soon'], '--since: "soon" is not a time', status=2)


class BySearch(JobdTestCase):
    def test_rare(self):
        """What is far apart, and the end of the history without one."""
        for query in 'name=Rare+%C3%96sterreich', 'q=RARE', 'q=%C3%96sterr':
            self.assertEqual(found(query), [25_000, 15_000, 5_000], query)
            page = curl(f'{RESULTS}?{query}&limit=1').json
            self.assertEqual((page['count'], len(page['results'])), (None, 1), query)
            self.assertEqual(found(query + '&limit=1'), [25_000, 15_000, 5_000], query)
        for query in 'name=Rare', 'q=nothing-has-it', 'q=rare&user=carol', 'name=Often&status=FAILURE':
            self.assertEqual(found(query), [], query)
        self.assertEqual(found('q=rare', user='alice'), [25_000, 15_000, 5_000])
        self.assertEqual(found('q=rare', user='dave'), [])

    def test_often(self):
        self.assertEqual(found('q=PAST.oft&limit=1000')[:N], list(range(N - 1, -1, -1)))
        page = curl(f'{RESULTS}?q=carol&limit=3').json
        self.assertEqual([uuid.UUID(result['id']).int - 1 for result in page['results']], [N - 1, N - 3, N - 5])
        self.assertIn('before=', page['next'])

    def test_with_time(self):
        query = f'q=rare&date_created__gte={iso(BEGIN + 10_000 * MINUTE)}&date_created__lte={iso(BEGIN + 20_000 * MINUTE)}'
        self.assertEqual(found(query), [15_000])
        self.assertEqual(found(query + '&before=' + str(uuid.UUID(int=15_001))), [])

    def test_one_call_is_bounded(self):
        """Over D-Bus a page is short, and empty at last, and the same call goes on where it has stopped."""
        with contextlib.closing(RawBus('root')) as bus:
            calls = 0
            more = True
            while more:
                reply = bus.call(*MANAGER, 'ListJobResults', 'a{sv}', {'q': ('s', 'nothing-has-it')})
                self.assertIsNone(reply.error)
                results, more = reply.body
                self.assertEqual(results, [])
                calls += 1
            self.assertGreater(calls, 1)
            reply = bus.call(*MANAGER, 'ListJobResults', 'a{sv}', {'q': ('s', 'x'), 'offset': ('u', 1)})
            self.assertEqual(reply.error, 'org.jobd1.Error.InvalidOption')
        reply = curl(f'{RESULTS}?q=rare&offset=1')
        self.assertEqual((reply.status, list(reply.json)), (400, ['offset']))


class Scheduled(JobdTestCase):
    def test_name_and_queue(self):
        for name, queue in ('one', 'default'), ('one more', 'bulk'):
            body = {'task_queue': queue, 'schedule': {'name': name, 'interval': 'daily', 'start_time': '2099-01-01T02:30'}}
            self.assertEqual(curl(job_path('past.Often', 'run'), json_body=body, user='alice').status, 201)
        for query, names in (('name=one', ['one']), ('q=ONE', ['one more', 'one']), ('task_queue=bulk', ['one more']),
                             ('job_queue=default&user=alice', ['one']), ('name=One', []), ('name=one&state=paused', [])):
            page = curl(SCHEDULES + '?' + query).json
            self.assertEqual([each['name'] for each in page['results']], names, query)
            self.assertEqual(page['count'], len(names), query)


if __name__ == '__main__':
    unittest.main()
