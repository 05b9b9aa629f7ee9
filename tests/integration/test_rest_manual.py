# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The examples of jobd-rest(8), typed as they are printed there: by root, and by users who may do some of it."""
import json
import os
import re
import tempfile
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json, start
from rest import curl

PAGE = '/usr/share/man/man8/jobd-rest.8'
PRINTED_ID = '27480187-b4b8-4ee3-bb3e-88eadc7d838c'
SCHEDULES, QUEUES = '/api/extras/scheduled-jobs/', '/api/extras/job-queues/'
USERS = [None, 'alice', 'bob', 'carol']     # root, and the groups jobd-run, jobd-approve, jobd-admin

# Who may, where not everybody does; the runs and scheduled jobs are alice's. The others are told so by a 403.
MAY = {
    'changeJob': [None, 'carol'], 'deleteJob': [None, 'carol'], 'runJob': [None, 'alice', 'carol'],
    'listJobResultLogs': [None, 'alice', 'carol'], 'deleteJobResult': [None, 'carol'],
    'cancelJobResult': [None, 'alice', 'carol'],
    'changeScheduledJob': [None, 'alice', 'carol'], 'deleteScheduledJob': [None, 'alice', 'carol'],
    'approveScheduledJob': [None, 'bob', 'carol'], 'denyScheduledJob': [None, 'bob', 'carol'],
    'dryRunScheduledJob': [None, 'alice', 'carol'], 'runScheduledJobNow': [None, 'alice', 'carol'],
    'cancelScheduledJob': [None, 'alice', 'carol'], 'takeOverScheduledJob': [None, 'carol'],
    'refreshJobs': [None, 'carol'], 'cleanJobResults': [None, 'carol'], 'importObjects': [None, 'carol'],
    'createJobQueue': [None, 'carol'], 'changeJobQueue': [None, 'carol'], 'deleteJobQueue': [None, 'carol'],
}


def setUpModule():
    install_job('network.Ping', '''
        [Job]
        Name=Ping a host
        [Variable host]
        Type=string
        [Variable list]
        Type=file
        Required=no
        [Service]
        ExecStart=sh -c 'echo a,b > /tmp/report.csv; jobd-job output /tmp/report.csv; exec sleep $JOB_VAR_host'
    ''')
    install_job('network.Change', '''
        [Job]
        ApprovalRequired=yes
        [Variable dryrun]
        Type=dryrun
        [Service]
        ExecStart=true
    ''')


def examples():
    """The commands of the page, each with what goes on in the next lines."""
    with open(PAGE, encoding='utf-8') as file:
        blocks = re.findall(r'^\.nf\n\.RS 4\n(.*?)^\.fi$', file.read(), re.M | re.S)
    text = ''.join(blocks).replace('\\&', '').replace('\\\\', '\\').replace('\\-', '-')
    commands = re.split(r'^(?=\S)(?!})', text, flags=re.M)
    return [command.strip() for command in commands if command.startswith('curl ')]


def route_of(command, document):
    """The operation of /api/schema/ that the command asks for."""
    [path] = re.findall(r"http://localhost(/[^ ?']*)", command)
    method = re.search(r'-X (\w+)', command)
    for template, item in document['paths'].items():
        if re.fullmatch(re.sub(r'\{\w+\}', '[^/]+', template), path):
            return item[method[1].lower() if method else 'get']['operationId']
    raise AssertionError(f'there is no such path: {command}')


def new_result(host):
    reply = curl('/api/extras/jobs/network.Ping/run/', json_body={'data': {'host': host}}, user='alice')
    return reply.json['job_result']['id']


class Examples(JobdTestCase):
    ended = 'none'

    @classmethod
    def setUpClass(cls):
        cls.document = curl('/api/schema/').json
        cls.examples = [(route_of(command, cls.document), command) for command in examples()]

    def test_each_route_has_one(self):
        routes = {operation['operationId'] for item in self.document['paths'].values() for operation in item.values()}
        self.assertEqual({route for route, _ in self.examples}, routes)

    def prepare(self, route):
        """The job, the result, the scheduled job and the queue that the page speaks of, as it finds them. Returns the result."""
        jobctl('refresh')
        jobctl('enable', 'network.Ping', 'network.Change')
        for path in [SCHEDULES + 'nightly/', SCHEDULES + 'every%20night/'] + [QUEUES + 'night/'] * (route == 'createJobQueue'):
            self.assertIn(curl(path, method='DELETE').status, (204, 404))
        if route in ('changeJobQueue', 'deleteJobQueue'):
            curl(QUEUES, json_body={'name': 'night'})
        if 'Scheduled' in route:
            asks = route in ('approveScheduledJob', 'denyScheduledJob', 'dryRunScheduledJob', 'getScheduledJobRequest')
            reply = curl(f'/api/extras/jobs/network.{"Change" if asks else "Ping"}/run/', user='alice', json_body={
                'data': {} if asks else {'host': '0'},
                'schedule': {'name': 'nightly', 'interval': 'daily', 'start_time': '2099-12-01T02:30:00Z'}})
            self.assertEqual(reply.status, 201, reply)
        if route == 'cancelJobResult':
            return new_result('300')
        if curl(f'/api/extras/job-results/{self.ended}/').status == 404:
            type(self).ended = new_result('0')
            self.assertEqual(curl(f'/api/extras/job-results/{self.ended}/?wait=60').json['status'], 'SUCCESS')
        return self.ended

    def type(self, command, user):
        """The status and the body of the answer."""
        command = command.replace('curl ', "curl -sS -w '\\n%{http_code}' ", 1)
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o777)
            process = start(['sh', '-c', f'cd {directory} && {command}'], user=user)
            output, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, (command, output))
            if 'report.csv' in command:
                with open(f'{directory}/report.csv', encoding='ascii') as file:
                    output = file.read() + output
        body, _, status = output.rpartition('\n')
        return int(status), body

    def test_each_as_each_user(self):
        for route, command in self.examples:
            for user in USERS:
                with self.subTest(route=route, user=user, command=command):
                    result = self.prepare(route)
                    status, body = self.type(command.replace(PRINTED_ID, result), user)
                    if user not in MAY.get(route, USERS):
                        self.assertEqual(status, 403, body)
                        self.assertEqual(list(json.loads(body)), ['detail'])
                    else:
                        self.assertIn(status, (200, 201, 204), body)
                    if route == 'getJobResultOutput':
                        self.assertEqual(body, 'a,b\n')
                    if route == 'runJob' and status == 201:
                        for started in filter(None, [json.loads(body)['job_result']]):
                            jobctl('cancel', started['id'], check=False)
        jobctl('refresh')
        self.assertEqual(jobctl_json('show', 'network.Ping')['class_path'], 'network.Ping')


if __name__ == '__main__':
    unittest.main()
