# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The REST API: runs for later, approvals, forms with files, job queues."""
import contextlib
import datetime
import sqlite3
import subprocess
import time
import unittest

from harness import (JobdTestCase, environment, identity, install_job, journal_cursor, journal_wait, jobctl, jobctl_json,
                     run)
from rest import SOCKET, curl, job_path, parse, result_path

SCHEDULES = '/api/extras/scheduled-jobs/'
QUEUES = '/api/extras/job-queues/'
FIRED = '275fe77e5c8c43da97df4d82efad0ae1'      # JOBD_MESSAGE_SCHEDULE_FIRED_STR
GUIDE_FILE = '/tmp/guide-file.txt'


def setUpModule():
    install_job('later.File', '''
        [Job]
        HasSensitiveVariables=no
        [Variable interval]
        Type=string
        [Variable myfile]
        Type=file
        [Service]
        ExecStart=sh -c 'echo "$JOB_VAR_interval"; cat "$JOB_VAR_myfile"'
    ''')
    install_job('later.Plain', '''
        [Job]
        HasSensitiveVariables=no
        TaskQueues=default bulk
        [Variable n]
        Type=integer
        Default=1
        [Service]
        ExecStart=true
    ''')
    install_job('later.Asks', '''
        [Job]
        HasSensitiveVariables=no
        ApprovalRequired=yes
        [Variable dryrun]
        Type=dryrun
        [Service]
        ExecStart=true
    ''')
    install_job('later.Secret', '''
        [Job]
        HasSensitiveVariables=yes
        [Service]
        ExecStart=true
    ''')
    install_job('later.Conflict', '''
        [Job]
        HasSensitiveVariables=yes
        ApprovalRequired=yes
        [Service]
        ExecStart=true
    ''')
    install_job('later.Careful', '''
        [Job]
        ApprovalRequired=yes
        [Service]
        ExecStart=true
    ''')
    jobctl('refresh')
    jobctl('enable', 'later.File', 'later.Plain', 'later.Asks', 'later.Secret', 'later.Conflict', 'later.Careful')
    with open(GUIDE_FILE, 'w', encoding='ascii') as file:
        file.write('from the file\n')


def later(**kwargs):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**kwargs)).isoformat()


def post(class_path, user='alice', **body):
    return curl(job_path(class_path, 'run'), json_body=body, user=user)


def schedule_path(schedule, *rest):
    return '/'.join([SCHEDULES.rstrip('/'), schedule['id'], *rest, ''])


class Guide(JobdTestCase):
    def test_form_with_a_file(self):
        """The example of the user guide, word for word but for the socket and the file."""
        for user in None, 'alice':
            command = '''curl -X POST \\
                -H 'Authorization: Token $TOKEN' \\
                -H 'Content-Type: multipart/form-data' \\
                -H "Accept: application/json; version=1.3; indent=4" \\
                'http://nautobot/api/extras/jobs/later.File/run/' \\
                -F '_schedule_interval="immediately"' \\
                -F '_schedule_start_time="2022-10-18T17:31:23.698Z"' \\
                -F 'interval="3"' \\
                -F 'myfile=@"/tmp/guide-file.txt"' '''
            done = subprocess.run(['sh', '-c', command.replace('curl', f'curl -sS -i --unix-socket {SOCKET}', 1)],
                                  env=environment(user), capture_output=True, text=True, check=True, timeout=60,
                                  **identity(user))
            reply = parse(done.stdout)
            self.assertEqual(reply.status, 201, reply)
            result = curl(result_path(reply.json['job_result']['id']) + '?wait=60').json
            lines = [line['message'] for line in curl(result_path(result['id'], 'logs')).json['results']]
            self.assertEqual(result['status'], 'SUCCESS', lines)
            self.assertIn('3', lines)
            self.assertIn('from the file', lines)


class Schedules(JobdTestCase):
    def test_life(self):
        reply = post('later.Plain', data={'n': 5}, task_queue='bulk', schedule={
            'name': 'Every week', 'interval': 'weekly', 'start_time': later(days=1), 'time_zone': 'Europe/Berlin'})
        self.assertEqual(reply.status, 201, reply)
        self.assertIsNone(reply.json['job_result'])
        schedule = reply.json['scheduled_job']
        self.assertEqual([schedule[name] for name in ('name', 'interval', 'user', 'time_zone', 'state', 'task_queue')],
                         ['Every week', 'weekly', 'alice', 'Europe/Berlin', 'active', 'bulk'])
        self.assertEqual(schedule['kwargs'], {'n': 5})
        path = schedule_path(schedule)
        self.assertEqual(curl(path).json['id'], schedule['id'])
        self.assertEqual(curl(SCHEDULES + 'Every%20week/').json['id'], schedule['id'])
        page = curl(SCHEDULES + '?q=every&limit=1').json
        self.assertEqual((page['count'], page['results'][0]['id']), (1, schedule['id']))

        self.assertEqual(curl(path, method='PATCH', json_body={'enabled': False}).json['state'], 'paused')
        self.assertEqual(curl(path, method='PATCH', json_body={'enabled': True}).json['state'], 'active')
        changed = curl(path, method='PATCH', json_body={'name': 'Custom', 'interval': 'custom', 'crontab': '5 4 * * *'})
        self.assertEqual((changed.status, changed.json['crontab']), (200, '5 4 * * *'), changed)
        bad = curl(path, method='PATCH', json_body={'crontab': 'x'})
        self.assertEqual((bad.status, list(bad.json)), (400, ['crontab']))
        both = curl(path, method='PATCH', json_body={'enabled': True, 'name': 'x'})
        self.assertEqual((both.status, list(both.json)), (400, ['enabled']))
        now = curl(schedule_path(schedule, 'run-now'), method='POST')
        self.assertEqual((now.status, now.json['user']), (200, 'root'))
        self.assertEqual(curl(schedule_path(schedule, 'take-over'), method='POST', user='carol').json['user'], 'carol')
        self.assertEqual(curl(schedule_path(schedule, 'cancel'), method='POST').json['state'], 'canceled')
        self.assertEqual(curl(path, method='DELETE').status, 204)
        self.assertEqual(curl(path).status, 404)

    def test_refused(self):
        for schedule, field in (({'interval': 'hourly', 'start_time': later(hours=1)}, 'name'),
                                ({'interval': 'hourly', 'name': 'x'}, 'start_time'),
                                ({'interval': 'hourly', 'name': 'x', 'start_time': later(hours=-1)}, 'start_time'),
                                ({'interval': 'hourly', 'name': 'x', 'start_time': 'soon'}, 'start_time'),
                                ({'interval': 'custom', 'name': 'x'}, 'crontab'),
                                ({'interval': 'yearly', 'name': 'x', 'start_time': later(hours=1)}, 'interval'),
                                ({'name': 'x'}, 'interval')):
            reply = post('later.Plain', schedule=schedule)
            self.assertEqual((reply.status, list(reply.json)), (400, ['schedule']), schedule)
            self.assertIn(field, reply.json['schedule'])
            flat = [option for name, value in schedule.items() for option in ('-F', f'_schedule_{name}={value}')]
            reply = curl(job_path('later.Plain', 'run'), *flat, '-F', 'n=1', user='alice')
            self.assertEqual(reply.status, 400, schedule)
            self.assertIn(f'_schedule_{field}', reply.json)
        reply = post('later.Plain', schedule='now')
        self.assertEqual((reply.status, list(reply.json)), (400, ['schedule']))
        self.assertEqual(curl(SCHEDULES + '?q=x').json['count'], 0)

    def test_sensitive_without_a_key(self):
        """The reference's rows X2 (6) and S12."""
        sentence = 'Unable to schedule job: Job may have sensitive input variables'
        soon = {'name': 'hush', 'interval': 'future', 'start_time': later(days=1)}
        reply = post('later.Secret', schedule=soon)
        self.assertEqual((reply.status, reply.json['schedule']['interval'][0]), (400, sentence), reply)
        self.assertIn('systemd-creds setup', reply.json['schedule']['interval'][1])
        flat = [option for name, value in soon.items() for option in ('-F', f'_schedule_{name}={value}')]
        reply = curl(job_path('later.Secret', 'run'), *flat, user='alice')
        self.assertEqual((reply.status, reply.json['_schedule_interval'][0]), (400, sentence), reply)

    def test_sensitive_and_approval(self):
        """The reference's row X2 (7)."""
        reply = post('later.Conflict')
        self.assertEqual((reply.status, reply.json), (400, [
            'Unable to run or schedule job: This job is flagged as possibly having sensitive variables but is also '
            'flagged as requiring approval.One of these two flags must be removed before this job can be scheduled or '
            'run.']))

    def test_immediately_is_at_once(self):
        reply = post('later.Plain', schedule={'interval': 'immediately', 'start_time': '2022-10-18T17:31:23.698Z'})
        self.assertEqual((reply.status, reply.json['scheduled_job']), (201, None))


class Approvals(JobdTestCase):
    def ask(self, user='alice'):
        reply = post('later.Asks', user=user, data={'dryrun': False})
        self.assertEqual(reply.status, 201, reply)
        return reply.json['scheduled_job']

    def test_approve(self):
        request = self.ask()
        self.assertEqual(request['state'], 'pending')
        self.assertIn(request['id'], [each['id'] for each in curl(SCHEDULES + '?needs_approval=true').json['results']])
        shown = curl(schedule_path(request, 'request'), user='bob')
        self.assertEqual((shown.status, shown.json['requester'], shown.json['class_path']), (200, 'alice', 'later.Asks'))
        for user in 'alice', 'dave':
            for verb in 'approve', 'deny':
                reply = curl(schedule_path(request, verb), method='POST', user=user)
                self.assertEqual((reply.status, reply.json),
                                 (403, {'detail': f'You do not have permission to {verb} this request.'}), user)
        cursor = journal_cursor()
        reply = curl(schedule_path(request, 'approve') + '?force=true', json_body={'comment': 'Looks fine'}, user='bob')
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(reply.json['approvals'][0]['comment'], 'Looks fine')
        self.assertNotEqual(reply.json['state'], 'pending')
        self.assertEqual([(stage['approved'], stage['min_approvers']) for stage in reply.json['stages']], [(1, 1)])
        self.assertEqual((reply.json['approvals'][0]['approver'], reply.json['approvals'][0]['decision']), ('bob', 'approved'))

        # What came of it: a run of the requester's, which says of what it is a run, and for when.
        journal_wait(f'SCHEDULED_JOB_ID={request["id"]}', 'MESSAGE_ID=' + FIRED, since=cursor)
        done = curl(schedule_path(request)).json
        result = curl(result_path(done['last_result']) + '?wait=60').json
        self.assertEqual((result['status'], result['user'], result['scheduled_job']), ('SUCCESS', 'alice', request['id']))
        self.assertGreaterEqual(result['nominal_time'], done['start_time'])
        self.assertIsNone(post('later.Plain').json['job_result']['scheduled_job'])

    def test_start_time_is_past(self):
        """The reference's row A4."""
        start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=16)
        reply = post('later.Asks', data={'dryrun': False}, schedule={'name': 'soon', 'interval': 'future',
                                                                     'start_time': start.isoformat()})
        self.assertEqual(reply.status, 201, reply)
        path = schedule_path(reply.json['scheduled_job'], 'approve')
        while datetime.datetime.now(datetime.timezone.utc) <= start:
            time.sleep(0.1)     # the clock is what this is about
        reply = curl(path, method='POST', user='bob')
        self.assertEqual((reply.status, reply.json), (400, {
            'detail': "The job's start time is in the past. If you want to force a run anyway, add the `force` query "
                      "parameter."}))
        self.assertEqual(curl(path + '?force=true', method='POST', user='bob').status, 200)

    def test_nobody_approves_their_own(self):
        for user in 'carol', None:
            request = self.ask(user)
            reply = curl(schedule_path(request, 'approve') + '?force=true', method='POST', user=user)
            self.assertEqual((reply.status, reply.json), (403, {'detail': 'You cannot approve your own job request!'}))

    def test_deny(self):
        request = self.ask()
        reply = curl(schedule_path(request, 'deny'), json_body={'comment': 'No'}, user='bob')
        self.assertEqual((reply.status, reply.body), (200, 'null'))
        self.assertEqual(curl(schedule_path(request)).json['state'], 'denied')
        self.assertEqual(curl(schedule_path(request, 'approve'), method='POST', user='bob').status, 400)

    def test_dry_run(self):
        request = self.ask('carol')
        reply = curl(schedule_path(request, 'dry-run'), method='POST')
        self.assertEqual((reply.status, reply.json['task_kwargs'], reply.json['user']), (200, {'dryrun': True}, 'root'))
        reply = curl(schedule_path(request, 'dry-run'), method='POST', user='bob')
        self.assertEqual((reply.status, reply.json), (403, {'detail': 'You do not have permission to run this job.'}))
        jobctl('disable', 'later.Asks')
        reply = curl(schedule_path(request, 'dry-run'), method='POST')
        self.assertEqual((reply.status, reply.json), (405, {'detail': 'This job cannot be dry-run at this time.'}))
        jobctl('enable', 'later.Asks')
        request = post('later.Careful').json['scheduled_job']
        reply = curl(schedule_path(request, 'dry-run'), method='POST')
        self.assertEqual((reply.status, reply.json), (405, {'detail': 'This job does not support dry-run.'}))


class Queues(JobdTestCase):
    def test_life(self):
        created = curl(QUEUES, json_body={'name': 'night', 'description': 'At night', 'max_running': 2, 'priority': -5,
                                          'resources': {'CPUWeight': '50'}})
        self.assertEqual(created.status, 201, created)
        self.assertEqual([created.json[name] for name in ('name', 'description', 'max_running', 'priority', 'resources')],
                         ['night', 'At night', 2, -5, {'CPUWeight': '50'}])
        self.assertEqual(created.json['url'].rsplit('/', 2)[1], created.json['id'])
        self.assertEqual(curl(QUEUES + 'night/').json, created.json)
        self.assertIn('night', [queue['name'] for queue in curl(QUEUES).json['results']])
        changed = curl(QUEUES + 'night/', method='PATCH',
                       json_body={'enabled': False, 'max_running': 3, 'resources': {'CPUWeight': None}})
        self.assertEqual([changed.json[name] for name in ('enabled', 'max_running', 'resources')], [False, 3, {}])
        for body in ({'max_running': 'x'}, {'colour': 1}, {'name': 'day'}, {'resources': {'CPUWeight': 5}},
                     {'resources': {'Nope': '5'}}):
            self.assertEqual(curl(QUEUES + 'night/', method='PATCH', json_body=body).status, 400, body)
        self.assertEqual(curl(QUEUES, json_body={}).json, {'name': ['This field is required.']})
        self.assertEqual(curl(QUEUES, json_body={'name': '../x'}).status, 400)
        self.assertEqual(curl(QUEUES, json_body={'name': 'mine'}, user='alice').status, 403)
        self.assertEqual(curl(QUEUES + 'default/', method='DELETE').status, 409)
        self.assertEqual(curl(QUEUES + 'night/', method='DELETE').status, 204)
        self.assertEqual(curl(QUEUES + 'night/').status, 404)

    def test_a_long_list_is_not_counted(self):
        """So a page does not cost more the more scheduled jobs there have ever been."""
        made = post('later.Plain', schedule={'name': 'copied', 'interval': 'daily', 'start_time': '2031-01-01T08:00:00'})
        self.assertEqual(made.status, 201, made)
        run(['systemctl', 'stop', 'jobd.service'])
        with contextlib.closing(sqlite3.connect('/var/lib/jobd/jobd.db')) as db, db:
            columns = [row[1] for row in db.execute('PRAGMA table_info(scheduled_job)')]
            new = {'seq': 'NULL', 'id': "printf('%08x-0000-4000-8000-000000000000', i)", 'name': "'copy ' || i",
                   'state': "'completed'", 'next_run_at': '0'}
            db.execute('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) '
                       f'INSERT INTO scheduled_job SELECT {", ".join(new.get(c, c) for c in columns)} '
                       "FROM n JOIN scheduled_job WHERE name = 'copied'")
        page = curl(SCHEDULES + '?limit=2').json
        self.assertEqual((page['count'], [found['name'] for found in page['results']]), (None, ['copy 12000', 'copy 11999']))
        page = curl(page['next'].removeprefix('http://localhost')).json
        self.assertEqual((page['count'], [found['name'] for found in page['results']]), (None, ['copy 11998', 'copy 11997']))
        page = curl(SCHEDULES + '?state=active&limit=1').json
        self.assertEqual((type(page['count']), page['results'][0]['name']), (int, 'copied'))

    def test_unavailable(self):
        curl(QUEUES + 'bulk/', method='PATCH', json_body={'enabled': False, 'when_unavailable': 'refuse'})
        try:
            reply = post('later.Plain', task_queue='bulk')
            self.assertEqual(reply.status, 503)
            self.assertRegex(reply.json['detail'], '^Unable to process request: job queue bulk is disabled .*'
                             '"jobctl queue set bulk enabled=yes"')
        finally:
            curl(QUEUES + 'bulk/', method='PATCH', json_body={'enabled': True, 'when_unavailable': 'wait'})


if __name__ == '__main__':
    unittest.main()
