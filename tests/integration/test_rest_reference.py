# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The REST API beside the reference's rules for runs, results, schedules and approvals: its status codes and its words."""
import datetime
import os
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json, journal_cursor, journal_wait
from rest import curl, job_path, result_path

SCHEDULES, QUEUES = '/api/extras/scheduled-jobs/', '/api/extras/job-queues/'
TIME = '2099-01-31T10:00:00Z'
PLAIN, SENSITIVE = '[Service]\nExecStart=true\n', '[Job]\nHasSensitiveVariables=yes\n[Service]\nExecStart=true\n'


def setUpModule():
    install_job('ref.Plain', '''
        [Job]
        TaskQueues=default bulk
        [Variable dryrun]
        Type=boolean
        [Service]
        ExecStart=true
    ''')
    install_job('ref.Asks', '''
        [Job]
        ApprovalRequired=yes
        [Variable dryrun]
        Type=boolean
        [Service]
        ExecStart=true
    ''')
    install_job('ref.AsksDry', '''
        [Job]
        ApprovalRequired=yes
        [Variable dryrun]
        Type=dryrun
        [Service]
        ExecStart=true
    ''')
    install_job('ref.Staged', '''
        [Job]
        ApprovalRequired=yes
        ApprovalStages=first:jobd-approve second:jobd-admin
        [Service]
        ExecStart=true
    ''')
    install_job('ref.Single', '''
        [Job]
        Singleton=yes
        [Service]
        ExecStart=sleep 300
    ''')
    install_job('ref.Chain', '''
        [Job]
        OnSuccess=ref.Plain
        [Service]
        ExecStart=true
    ''')
    install_job('ref.Sleeps', '''
        [Job]
        TaskQueues=narrow
        [Service]
        ExecStart=sleep 300
    ''')
    install_job('ref.Secret', SENSITIVE)
    install_job('ref.Gone', PLAIN)
    install_job('ref.Lost', PLAIN)
    jobctl('refresh')
    jobctl('enable', *(f'ref.{name}' for name in ('Plain', 'Asks', 'AsksDry', 'Staged', 'Single', 'Chain', 'Sleeps', 'Secret',
                                                   'Gone', 'Lost')))


def run(class_path, user='alice', **body):
    return curl(job_path(class_path, 'run'), json_body=body, user=user)


def schedule_path(schedule, *rest):
    return '/'.join([SCHEDULES.rstrip('/'), schedule['id'], *rest, ''])


def post(path, user=None):
    return curl(path, method='POST', user=user)


class Running(JobdTestCase):
    def test_a_class_that_is_not_there(self):
        """X2 (5) and (8): of a record whose class has gone, and of one that has gone since the refresh."""
        os.unlink('/etc/jobd/jobs/ref/Gone.job')
        jobctl('refresh')
        reply = run('ref.Gone')
        self.assertEqual((reply.status, reply.json), (405, {'detail': 'This job is not presently installed and cannot be run'}))
        os.unlink('/etc/jobd/jobs/ref/Lost.job')
        reply = run('ref.Lost')
        self.assertEqual((reply.status, reply.json),
                         (405, {'detail': "This job's source code could not be located and cannot be run"}))
        self.assertEqual(curl(job_path('ref.Lost', 'variables')).status, 404)

    def test_sensitive_and_approval(self):
        """X2 (7): both at once come by a refresh only, and are then told so before the body is looked at."""
        install_job('ref.Both', '[Job]\nHasSensitiveVariables=yes\nApprovalRequired=yes\n[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'ref.Both', check=False)
        reply = run('ref.Both', data={'nope': 1})
        self.assertEqual(reply.status, 400, reply)
        self.assertEqual(reply.json, [
            'Unable to run or schedule job: This job is flagged as possibly having sensitive variables but is also flagged as '
            'requiring approval.One of these two flags must be removed before this job can be scheduled or run.'])

    def test_queues(self):
        """X2 (10) and (11), X4."""
        both = 'task_queue and job_queue are both specified. Please specify only one or another.'
        self.assertEqual(run('ref.Plain', task_queue='bulk', job_queue='bulk').json, {'task_queue': [both]})
        reply = curl(job_path('ref.Plain', 'run'), '-F', '_task_queue=bulk', '-F', '_job_queue=bulk', user='alice')
        self.assertEqual((reply.status, list(reply.json)), (400, ['_task_queue']))
        self.assertIn('_task_queue and _job_queue are both specified. Please specify only one or another.', reply.body)
        reply = run('ref.Plain', task_queue='invalid')
        self.assertEqual((reply.status, reply.json), (400, {'task_queue': ['"invalid" is not a valid choice.']}))

    def test_singleton(self):
        """X7, with the flag that the reference has in its form only."""
        first = run('ref.Single').json['job_result']['id']
        second = run('ref.Single').json['job_result']['id']
        result = curl(result_path(second) + '?wait=60').json
        self.assertEqual((result['status'], result['message']),
                         ('FAILURE', "Job 'Single' is a singleton and already running."))
        third = run('ref.Single', ignore_singleton_lock=True).json['job_result']['id']
        self.assertIn(curl(result_path(third) + '?wait=1').json['status'], ('PENDING', 'STARTED'))
        for each in first, third:
            self.assertEqual(post(result_path(each, 'cancel') + '?kill=true').status, 200)
            self.assertEqual(curl(result_path(each) + '?wait=60').json['revoked_by'], 'root')

    def test_place_in_the_line(self):
        self.assertEqual(curl(QUEUES + 'narrow/', method='PATCH', json_body={'max_running': 1}).status, 200)
        ids = [run('ref.Sleeps').json['job_result']['id'] for _ in range(3)]
        shown = [curl(result_path(each)).json for each in ids[1:]]
        self.assertEqual([result['position'] for result in shown], [1, 2])
        self.assertIn('narrow', shown[0]['wait_reason'])
        queue = curl(QUEUES + 'narrow/').json
        self.assertEqual((queue['running'], queue['waiting']), (1, 2))
        for each in reversed(ids):
            post(result_path(each, 'cancel') + '?kill=true')
        last = curl(result_path(ids[2]) + '?wait=60').json
        self.assertEqual((last['status'], last['position'], last['date_started']), ('REVOKED', 0, None))

    def test_chain(self):
        cursor = journal_cursor()
        first = run('ref.Chain').json['job_result']['id']
        entry = journal_wait('JOB_CLASS_PATH=ref.Plain', since=cursor, contains='Job completed')
        result = curl(result_path(entry['JOB_RESULT_ID'])).json
        self.assertEqual((result['caused_by'], result['user'], result['status']), (first, 'alice', 'SUCCESS'))
        self.assertIsNone(curl(result_path(first)).json['caused_by'])

    def test_fields(self):
        """L2, S5: the reference's names, with values of their types."""
        result = curl(result_path(run('ref.Plain', data={'dryrun': True}).json['job_result']['id']) + '?wait=60').json
        for name, kind in (('id', str), ('name', str), ('job_model', str), ('task_name', str), ('user', str),
                           ('date_created', str), ('date_started', str), ('date_done', str), ('status', str),
                           ('task_kwargs', dict), ('url', str), ('display', str), ('attempt', int), ('cpu_usage_nsec', int)):
            self.assertIsInstance(result[name], kind, name)
        for name in 'result', 'scheduled_job', 'nominal_time', 'revoked_by', 'caused_by', 'requested_by':
            self.assertIsNone(result[name], name)
        self.assertEqual(result['task_kwargs'], {'dryrun': True})
        secret = run('ref.Secret').json['job_result']
        self.assertEqual(secret['task_kwargs'], {})
        order = [each['date_created'] for each in curl('/api/extras/job-results/').json['results']]
        self.assertEqual(order, sorted(order, reverse=True), 'R18: the newest first')
        jobs = [(each['grouping'], each['name']) for each in curl('/api/extras/jobs/?limit=0').json['results']]
        self.assertEqual(jobs, sorted(jobs), 'R19: by grouping and name')

    def test_system_job(self):
        """R14."""
        reply = curl(job_path('jobd.LogsCleanup'), method='DELETE')
        self.assertEqual(reply.status, 409)
        self.assertIn('Unable to delete Job', reply.json['detail'])
        self.assertIn('System Job cannot be deleted', reply.json['detail'])


class Scheduling(JobdTestCase):
    def test_words(self):
        """S3, S4."""
        date = 'Please enter a valid date and time greater than or equal to the current date and time.'
        soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)).isoformat()
        for schedule, problems in (
                ({'interval': 'daily', 'start_time': TIME}, {'name': ['Please provide a name for the job schedule.']}),
                ({'interval': 'future', 'name': 'x', 'start_time': soon}, {'start_time': [date]}),
                ({'interval': 'weekly', 'name': 'x'}, {'start_time': [date]}),
                ({'interval': 'custom', 'name': 'x'}, {'crontab': ['Please enter a valid crontab.']}),
                ({'interval': 'weekly'}, {'name': ['Please provide a name for the job schedule.'], 'start_time': [date]})):
            reply = run('ref.Plain', schedule=schedule)
            self.assertEqual((reply.status, reply.json), (400, {'schedule': problems}), schedule)
        for crontab in '* * * *', '@daily', '0 0 L * *', '0 0 * * mon#1', '60 * * * *', '0 0 30 2 *':
            reply = run('ref.Plain', schedule={'interval': 'custom', 'name': 'x', 'crontab': crontab})
            self.assertEqual((reply.status, list(reply.json['schedule'])), (400, ['crontab']), crontab)
            self.assertTrue(reply.json['schedule']['crontab'][0].startswith('Please enter a valid crontab'), reply)

    def test_day_of_month_and_of_week(self):
        """S3: both, as there: the 3rd of February that is a Monday."""
        reply = run('ref.Plain', schedule={'interval': 'custom', 'name': 'both', 'crontab': '5 4 3 2 1', 'time_zone': 'UTC'})
        self.assertEqual(reply.status, 201, reply)
        made = reply.json['scheduled_job']
        when = datetime.datetime.fromisoformat(made['next_run_at'].replace('Z', '+00:00'))
        self.assertEqual((when.month, when.day, when.hour, when.minute, when.weekday()), (2, 3, 4, 5, 0))
        for name, value in (('interval', 'custom'), ('crontab', '5 4 3 2 1'), ('one_off', False), ('enabled', True),
                            ('total_run_count', 0), ('last_run_at', None), ('user', 'alice'), ('task', 'ref.Plain'),
                            ('approval_required', False), ('name', 'both')):
            self.assertEqual(made[name], value, name)

    def test_name_is_taken(self):
        schedule = {'interval': 'daily', 'name': 'once', 'start_time': TIME}
        self.assertEqual(run('ref.Plain', schedule=schedule).status, 201)
        reply = run('ref.Plain', schedule=schedule)
        self.assertEqual((reply.status, list(reply.json)), (400, ['schedule']), reply)
        self.assertIn("'once'", reply.json['schedule']['name'][0])
        form = [option for name, value in schedule.items() for option in ('-F', f'_schedule_{name}={value}')]
        reply = curl(job_path('ref.Plain', 'run'), *form, user='alice')
        self.assertEqual((reply.status, list(reply.json)), (400, ['_schedule_name']), reply)


class Approving(JobdTestCase):
    def test_dry_run_skips_it(self):
        """X3, A8: where the class has a dry run, and not where a variable is just called so."""
        self.assertIsNotNone(run('ref.AsksDry', data={'dryrun': True}).json['job_result'])
        self.assertIsNotNone(run('ref.AsksDry', data={'dryrun': False}).json['scheduled_job'])
        self.assertIsNotNone(run('ref.Asks', data={'dryrun': True}).json['scheduled_job'])

    def test_force(self):
        """A4: not needed for what was asked for immediately, unlike there."""
        soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=16)).isoformat()
        request = run('ref.Asks', schedule={'interval': 'future', 'name': 'soon', 'start_time': soon}).json['scheduled_job']
        self.assertEqual((request['interval'], request['one_off'], request['approval_required']), ('future', True, True))
        immediate = run('ref.Asks').json['scheduled_job']
        self.assertEqual(post(schedule_path(immediate, 'approve'), user='bob').status, 200)
        self.assertEqual(post(schedule_path(request, 'deny'), user='bob').status, 200)

    def test_dry_run(self):
        """A7."""
        plain = run('ref.Asks').json['scheduled_job']
        reply = post(schedule_path(plain, 'dry-run'))
        self.assertEqual((reply.status, reply.json), (405, {'detail': 'This job does not support dry-run.'}))
        able = run('ref.AsksDry').json['scheduled_job']
        reply = post(schedule_path(able, 'dry-run'), user='bob')
        self.assertEqual((reply.status, reply.json), (403, {'detail': 'You do not have permission to run this job.'}))
        curl(job_path('ref.AsksDry'), method='PATCH', json_body={'enabled': False})
        reply = post(schedule_path(able, 'dry-run'))
        self.assertEqual((reply.status, reply.json), (405, {'detail': 'This job cannot be dry-run at this time.'}))
        curl(job_path('ref.AsksDry'), method='PATCH', json_body={'enabled': True})

    def test_words(self):
        """A2, A3, A6."""
        request = run('ref.Asks', user='carol').json['scheduled_job']
        for user, verb, text in (('alice', 'approve', 'You do not have permission to approve this request.'),
                                 ('alice', 'deny', 'You do not have permission to deny this request.'),
                                 ('carol', 'approve', 'You cannot approve your own job request!')):
            reply = post(schedule_path(request, verb), user=user)
            self.assertEqual((reply.status, reply.json), (403, {'detail': text}), (user, verb))
        reply = post(schedule_path(request, 'deny'), user='bob')
        self.assertEqual((reply.status, reply.body), (200, 'null'))

    def test_stages(self):
        """Those of 3.0: who is not in the group of the stage, who has answered already, and what each answer was."""
        request = run('ref.Staged').json['scheduled_job']
        self.assertEqual([(stage['name'], stage['group'], stage['min_approvers'], stage['approved'])
                          for stage in request['stages']], [('first', 'jobd-approve', 1, 0), ('second', 'jobd-admin', 1, 0)])
        reply = post(schedule_path(request, 'approve'), user='carol')
        self.assertEqual((reply.status, reply.json), (403, {'detail': 'You do not have permission to approve this stage.'}))
        reply = curl(schedule_path(request, 'approve'), json_body={'comment': 'One'}, user='bob')
        self.assertEqual((reply.status, reply.json['state']), (200, 'pending'))
        reply = post(schedule_path(request, 'approve'), user='bob')
        self.assertIn((reply.status, reply.json['detail']), ((400, 'You have already approved to this stage.'),
                                                             (403, 'You do not have permission to approve this stage.')))
        shown = curl(schedule_path(request, 'request'), user='carol').json
        self.assertEqual([(stage['approved'], stage['current']) for stage in shown['stages']], [(1, False), (0, True)])
        reply = curl(schedule_path(request, 'approve'), json_body={'comment': 'Two', 'digest': shown['digest']}, user='carol')
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual([(answer['approver'], answer['decision'], answer['comment']) for answer in reply.json['approvals']],
                         [('bob', 'approved', 'One'), ('carol', 'approved', 'Two')])
        self.assertEqual(jobctl_json('schedule', 'show', request['id'])[0]['approvals'], reply.json['approvals'])

    def test_what_was_looked_at(self):
        request = run('ref.Asks').json['scheduled_job']
        reply = curl(schedule_path(request, 'approve'), json_body={'digest': 'sha256:' + '0' * 64}, user='bob')
        self.assertEqual((reply.status, 'detail' in reply.json), (409, True), reply)
        self.assertEqual(curl(schedule_path(request)).json['state'], 'pending')


if __name__ == '__main__':
    unittest.main()
