# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""What a user may do over HTTP is what the same user may do over D-Bus: each route beside the calls that it stands for."""
import fcntl
import os
import unittest
import uuid

from harness import JobdTestCase, install_job, jobctl, jobctl_json
from raw_bus import RawBus
from rest import curl, job_path, result_path
from rules import polkit_rules

USERS = ['root', 'alice', 'bob', 'carol', 'dave']
MANAGER, JOB, RESULT = 'org.jobd1.Manager', 'org.jobd1.Job', 'org.jobd1.JobResult'
QUEUE, SCHEDULE = 'org.jobd1.JobQueue', 'org.jobd1.ScheduledJob'
PROPERTIES = 'org.freedesktop.DBus.Properties'
DENIED = ['org.freedesktop.DBus.Error.AccessDenied', 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired']
ABSENT = str(uuid.UUID(int=0x1234))
BUSES = {}


def setUpModule():
    for class_path, more in (('matrix.On', ''), ('matrix.Hidden', ''), ('matrix.Asks', 'ApprovalRequired=yes')):
        install_job(class_path, f'''
            [Job]
            HasSensitiveVariables=no
            {more}
            [Service]
            ExecStart=sleep 300
        ''')
    jobctl('refresh')
    jobctl('enable', 'matrix.On', 'matrix.Hidden', 'matrix.Asks')
    for user in USERS:
        BUSES[user] = RawBus(user)


def tearDownModule():
    for bus in BUSES.values():
        bus.close()


def object_of(kind, identity):
    return f'/org/jobd1/{kind}/' + identity.replace('-', '')


def empty_list():
    """A memory file as ImportObjects takes it."""
    fd = os.memfd_create('objects', os.MFD_ALLOW_SEALING)
    os.write(fd, b'[]')
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return fd


def is_denied_on_the_bus(user, call):
    if 'ImportObjects' not in call:
        reply = BUSES[user].call(*call)
    else:
        with os.fdopen(empty_list(), 'rb') as file:
            reply = BUSES[user].call(*call, fds=[file.fileno()])
    return reply.error in DENIED, reply


class Matrix(JobdTestCase):
    @classmethod
    def setUpClass(cls):
        cls.job = jobctl_json('show', 'matrix.On')['id']
        cls.result = jobctl('run', '--no-wait', 'matrix.On').stdout.strip()
        cls.queue = curl('/api/extras/job-queues/default/').json['id']
        cls.schedule = curl(job_path('matrix.Asks', 'run'), json_body={}, user='carol').json['scheduled_job']['id']

    @classmethod
    def tearDownClass(cls):
        jobctl('cancel', cls.result)

    def routes(self):
        """operationId: (method, path, body) and the call of D-Bus with the same arguments. Nothing here changes much."""
        job, result, queue, schedule = (object_of(kind, identity) for kind, identity in (
            ('job', self.job), ('result', self.result), ('queue', self.queue), ('schedule', self.schedule)))
        jobs, results = '/api/extras/jobs/', '/api/extras/job-results/'
        queues, schedules = '/api/extras/job-queues/', '/api/extras/scheduled-jobs/'
        manager, models = '/org/jobd1', '/api/extras/object-models/'
        none = {}
        bad = {'no-such-option': ('b', True)}   # refused by who is let through
        return {
            'listJobs': (('GET', jobs, None), (manager, MANAGER, 'ListJobs', 'a{sv}', none)),
            'getJob': (('GET', jobs + self.job + '/', None), (job, PROPERTIES, 'GetAll', 's', JOB)),
            'changeJob': (('PATCH', jobs + self.job + '/', {'enabled': True}),
                          (job, JOB, 'Update', 'a{sv}', {'enabled': ('b', True)})),
            'deleteJob': (('DELETE', jobs + self.job + '/', None), (job, JOB, 'Delete')),
            'getJobVariables': (('GET', job_path('matrix.On', 'variables'), None), (job, JOB, 'GetVariables')),
            'runJob': (('POST', job_path('matrix.On', 'run'), {'data': {'nope': 1}}),
                       (manager, MANAGER, 'RunJob', 'ssa{sv}', 'matrix.On', '{"nope": 1}', none)),
            'listJobResults': (('GET', results, None), (manager, MANAGER, 'ListJobResults', 'a{sv}', none)),
            'getJobResult': (('GET', result_path(self.result), None), (result, PROPERTIES, 'GetAll', 's', RESULT)),
            'deleteJobResult': (('DELETE', result_path(self.result), None), (result, RESULT, 'Delete')),
            'cancelJobResult': (('POST', result_path(ABSENT, 'cancel'), None),
                                (object_of('result', ABSENT), RESULT, 'Cancel', 'a{sv}', none)),
            'listJobResultLogs': (('GET', result_path(self.result, 'logs'), None), (result, RESULT, 'OpenLog', 'a{sv}', none)),
            'listJobResultOutputs': (('GET', result_path(self.result, 'outputs'), None), (result, RESULT, 'ListOutputs')),
            'getJobResultOutput': (('GET', result_path(self.result, 'outputs', 'nope'), None),
                                   (result, RESULT, 'OpenOutput', 's', 'nope')),
            'listScheduledJobs': (('GET', schedules, None), (manager, MANAGER, 'ListScheduledJobs', 'a{sv}', none)),
            'getScheduledJob': (('GET', schedules + self.schedule + '/', None),
                                (schedule, PROPERTIES, 'GetAll', 's', SCHEDULE)),
            'changeScheduledJob': (('PATCH', schedules + self.schedule + '/', {'interval': 'nope'}),
                                   (schedule, SCHEDULE, 'Update', 'a{sv}', {'interval': ('s', 'nope')})),
            'deleteScheduledJob': (('DELETE', schedules + ABSENT + '/', None),
                                   (object_of('schedule', ABSENT), SCHEDULE, 'Delete')),
            'approveScheduledJob': (('POST', schedules + ABSENT + '/approve/', None),
                                    (object_of('schedule', ABSENT), SCHEDULE, 'Approve', 'a{sv}', none)),
            'denyScheduledJob': (('POST', schedules + ABSENT + '/deny/', None),
                                 (object_of('schedule', ABSENT), SCHEDULE, 'Deny', 'a{sv}', none)),
            'dryRunScheduledJob': (('POST', schedules + self.schedule + '/dry-run/', None),
                                   (schedule, SCHEDULE, 'DryRun', 'a{sv}', none)),
            'runScheduledJobNow': (('POST', schedules + self.schedule + '/run-now/', None),
                                   (schedule, SCHEDULE, 'RunNow', 'a{sv}', bad)),
            'cancelScheduledJob': (('POST', schedules + ABSENT + '/cancel/', None),
                                   (object_of('schedule', ABSENT), SCHEDULE, 'Cancel', 'a{sv}', none)),
            'takeOverScheduledJob': (('POST', schedules + ABSENT + '/take-over/', None),
                                     (object_of('schedule', ABSENT), SCHEDULE, 'TakeOver')),
            'getScheduledJobRequest': (('GET', schedules + self.schedule + '/request/', None),
                                       (schedule, SCHEDULE, 'GetRequest')),
            'listJobQueues': (('GET', queues, None), (manager, MANAGER, 'ListJobQueues', 'a{sv}', none)),
            'createJobQueue': (('POST', queues, {'name': '../no'}),
                               (manager, MANAGER, 'CreateJobQueue', 'sa{sv}', '../no', none)),
            'getJobQueue': (('GET', queues + self.queue + '/', None), (queue, PROPERTIES, 'GetAll', 's', QUEUE)),
            'changeJobQueue': (('PATCH', queues + self.queue + '/', {'weight': 99999}),
                               (queue, QUEUE, 'Set', 'a{sv}', {'weight': ('u', 99999)})),
            'deleteJobQueue': (('DELETE', queues + self.queue + '/', None), (queue, QUEUE, 'Delete')),
            'refreshJobs': (('POST', jobs + 'refresh/', None), (manager, MANAGER, 'Refresh', 'a{sv}', none)),
            'getJobClass': (('GET', job_path('matrix.On', 'class'), None), (job, JOB, 'GetClass')),
            'cancelJobResults': (('POST', results + 'cancel/', {'task_queue': 'nope'}),
                                 (manager, MANAGER, 'CancelJobResults', 'a{sv}', {'queue': ('s', 'nope')})),
            'cleanJobResults': (('POST', results + 'clean/', {'dry_run': True}),
                                (manager, MANAGER, 'CleanJobResults', 'a{sv}', {'dry_run': ('b', True)})),
            'listObjectModels': (('GET', models, None), (manager, MANAGER, 'ListObjectModels')),
            'listObjects': (('GET', models + 'user/objects/', None),
                            (manager, MANAGER, 'ListObjects', 'ssa{sv}', 'user', '', none)),
            'importObjects': (('POST', models + 'matrix/objects/', []),
                              (manager, MANAGER, 'ImportObjects', 'sha{sv}', 'matrix', 0, none)),
        }

    def test_each_route_as_each_user(self):
        routes = self.routes()
        document = curl('/api/schema/').json
        known = {operation['operationId'] for item in document['paths'].values() for operation in item.values()}
        self.assertEqual(set(routes) | {'root', 'extras', 'schema'}, known, 'a route is not in this test')
        refused = 0
        for name, ((method, path, body), call) in routes.items():
            for user in USERS:
                with self.subTest(route=name, user=user):
                    reply = curl(path, method=method, json_body=body, user=None if user == 'root' else user)
                    denied, answer = is_denied_on_the_bus(user, call)
                    refused += denied
                    self.assertEqual(reply.status == 403 and 'own job request' not in reply.body, denied, (reply, answer))
                    self.assertNotEqual(reply.status, 500, reply)
        self.assertGreater(refused, 40)

    def fresh(self):
        """operationId: what makes a thing of alice's, the route, and the call of D-Bus. Each is really done to the thing."""
        def result():
            return curl(job_path('matrix.On', 'run'), json_body={}, user='alice').json['job_result']['id']

        def ended():
            identity = result()
            curl(result_path(identity, 'cancel') + '?kill=true', method='POST')
            self.assertEqual(curl(result_path(identity) + '?wait=60').json['status'], 'REVOKED')
            return identity

        def request():
            return curl(job_path('matrix.Asks', 'run'), json_body={}, user='alice').json['scheduled_job']['id']

        def schedule():
            body = {'schedule': {'name': str(uuid.uuid4()), 'interval': 'daily', 'start_time': '2099-01-01T00:00:00Z'}}
            return curl(job_path('matrix.On', 'run'), json_body=body, user='alice').json['scheduled_job']['id']

        def queue():
            return curl('/api/extras/job-queues/', json_body={'name': f'q{uuid.uuid4().hex}'}).json['id']

        def job():
            name = f'N{uuid.uuid4().hex}'
            install_job(f'matrix.{name}', '[Service]\nExecStart=true\n')
            jobctl('refresh')
            return jobctl_json('show', f'matrix.{name}')['id']
        none, force = {}, {'force': ('b', True)}
        return {
            'cancelJobResult': (result, 'result', 'POST', 'job-results/{}/cancel/', None, (RESULT, 'Cancel', 'a{sv}', none)),
            'deleteJobResult': (ended, 'result', 'DELETE', 'job-results/{}/', None, (RESULT, 'Delete')),
            'approveScheduledJob': (request, 'schedule', 'POST', 'scheduled-jobs/{}/approve/?force=true', None,
                                    (SCHEDULE, 'Approve', 'a{sv}', force)),
            'denyScheduledJob': (request, 'schedule', 'POST', 'scheduled-jobs/{}/deny/', None,
                                 (SCHEDULE, 'Deny', 'a{sv}', none)),
            'cancelScheduledJob': (schedule, 'schedule', 'POST', 'scheduled-jobs/{}/cancel/', None,
                                   (SCHEDULE, 'Cancel', 'a{sv}', none)),
            'takeOverScheduledJob': (schedule, 'schedule', 'POST', 'scheduled-jobs/{}/take-over/', None,
                                     (SCHEDULE, 'TakeOver')),
            'runScheduledJobNow': (schedule, 'schedule', 'POST', 'scheduled-jobs/{}/run-now/', None,
                                   (SCHEDULE, 'RunNow', 'a{sv}', none)),
            'changeScheduledJob': (schedule, 'schedule', 'PATCH', 'scheduled-jobs/{}/', {'enabled': False},
                                   (SCHEDULE, 'SetEnabled', 'b', False)),
            'deleteScheduledJob': (schedule, 'schedule', 'DELETE', 'scheduled-jobs/{}/', None, (SCHEDULE, 'Delete')),
            'changeJobQueue': (queue, 'queue', 'PATCH', 'job-queues/{}/', {'weight': 7},
                               (QUEUE, 'Set', 'a{sv}', {'weight': ('u', 7)})),
            'deleteJobQueue': (queue, 'queue', 'DELETE', 'job-queues/{}/', None, (QUEUE, 'Delete')),
            'changeJob': (job, 'job', 'PATCH', 'jobs/{}/', {'enabled': True},
                          (JOB, 'Update', 'a{sv}', {'enabled': ('b', True)})),
            'deleteJob': (job, 'job', 'DELETE', 'jobs/{}/', None, (JOB, 'Delete')),
        }

    def test_what_is_really_done(self):
        """The same to two things that are alike: what comes of it is the same, by either way."""
        done = 0
        for name, (make, kind, method, path, body, call) in self.fresh().items():
            for user in USERS:
                with self.subTest(route=name, user=user):
                    denied, answer = is_denied_on_the_bus(user, (object_of(kind, make()), *call))
                    reply = curl('/api/extras/' + path.format(make()), method=method, json_body=body,
                                 user=None if user == 'root' else user)
                    self.assertEqual(reply.status < 300, answer.error is None, (reply, answer))
                    self.assertEqual(reply.status == 403 and 'own job request' not in reply.body, denied, (reply, answer))
                    done += answer.error is None
        self.assertGreater(done, 30)

    def test_many_runs(self):
        """Runs of alice's are cancelled by either way, or by neither."""
        def start():
            return curl(job_path('matrix.On', 'run'), json_body={}, user='alice').json['job_result']['id']
        for user in USERS:
            with self.subTest(user=user):
                start()
                answer = BUSES[user].call('/org/jobd1', MANAGER, 'CancelJobResults', 'a{sv}',
                                          {'requester': ('s', 'alice'), 'kill': ('b', True)})
                start()
                reply = curl('/api/extras/job-results/cancel/', json_body={'user': 'alice', 'kill': True},
                             user=None if user == 'root' else user)
                if answer.error is not None:
                    self.assertEqual((reply.status, answer.error in DENIED), (403, True), (reply, answer))
                else:
                    self.assertEqual((reply.status, reply.json['cancelled'] > 0), (200, answer.body[0] > 0), (reply, answer))
                self.assertEqual(curl('/api/extras/job-results/cancel/', json_body={'user': 'alice', 'kill': True}).status, 200)

    def test_as_another_user(self):
        for user in USERS:
            for other in 'alice', 'dave', 'nobody-such':
                with self.subTest(user=user, other=other):
                    denied, answer = is_denied_on_the_bus(user, ('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'matrix.On', '',
                                                                 {'username': ('s', other)}))
                    reply = curl(job_path('matrix.On', 'run'), json_body={'username': other},
                                 user=None if user == 'root' else user)
                    self.assertEqual((reply.status == 403, reply.status == 201), (denied, answer.error is None), (reply, answer))
                    for identity in [answer.body[0]] * (answer.error is None) + [reply.json['job_result']['id']
                                                                                if reply.status == 201 else None]:
                        if identity:
                            curl(result_path(identity, 'cancel') + '?kill=true', method='POST')

    def test_hidden_by_a_rule(self):
        """A job that a rule hides is one that is not there: in lists, by name, by UUID, and in what a run says."""
        hidden = jobctl_json('show', 'matrix.Hidden')['id']
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user == "alice" && action.lookup("class_path") == "matrix.Hidden")
                        return polkit.Result.NO;
                    return polkit.Result.NOT_HANDLED;
                });'''):
            listed = curl('/api/extras/jobs/', user='alice').json
            self.assertNotIn('matrix.Hidden', [job['class_path'] for job in listed['results']])
            self.assertEqual(listed['count'], len(listed['results']))
            for absent, name in (ABSENT, hidden), ('matrix.No', 'matrix.Hidden'):
                for rest, method in ((), 'GET'), (('variables',), 'GET'), (('run',), 'POST'), ((), 'DELETE'):
                    replies = [curl(job_path(reference, *rest), method=method, user='alice') for reference in (absent, name)]
                    texts = [reply.body.replace(reference, 'X').replace(reference.replace('-', ''), 'X')
                             for reply, reference in zip(replies, (absent, name))]
                    self.assertEqual((replies[0].status, texts[0]), (replies[1].status, texts[1]), (rest, method))


if __name__ == '__main__':
    unittest.main()
