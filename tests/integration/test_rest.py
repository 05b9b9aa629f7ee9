# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The REST API: the guide's examples with curl, jobs, runs, job results, logs, outputs, paging, errors."""
import json
import os
import subprocess
import unittest

from harness import JobdTestCase, environment, identity, install_job, jobctl, jobctl_json
from rest import HOST, SOCKET, curl, job_path, parse, result_path

ABSENT = '00000000-0000-4000-8000-000000000000'


def setUpModule():
    install_job('guide.NoInput', '''
        [Job]
        HasSensitiveVariables=no
        [Service]
        ExecStart=echo no input
    ''')
    install_job('guide.Input', '''
        [Job]
        Name=Input für alle: a/b.c
        Description=Says what it was given
        HasSensitiveVariables=no
        TaskQueues=default bulk
        [Variable string_variable]
        Type=string
        MaxLength=20
        [Variable integer_variable]
        Type=integer
        MaxValue=1000
        [Service]
        ExecStart=echo got ${JOB_VAR_string_variable} and ${JOB_VAR_integer_variable}
    ''')
    install_job('guide.Sleeps', '''
        [Job]
        HasSensitiveVariables=no
        [Service]
        ExecStart=sleep 300
    ''')
    install_job('guide.Writes', '''
        [Job]
        HasSensitiveVariables=no
        [Service]
        ExecStart=sh -c 'echo one; echo two; printf "a,b" > /tmp/r; jobd-job output "/tmp/r"; jobd-job log --level warning --grouping g hey'
    ''')
    install_job('guide.Disabled', '''
        [Job]
        HasSensitiveVariables=yes
        [Service]
        ExecStart=true
    ''')
    jobctl('refresh')
    jobctl('enable', 'guide.NoInput', 'guide.Input', 'guide.Sleeps', 'guide.Writes')


def job_id(class_path):
    return jobctl_json('show', class_path)['id']


def ended(reply):
    """The job result that a run has led to, when it has ended."""
    assert reply.status == 201, reply
    return curl(result_path(reply.json['job_result']['id']) + '?wait=60').json


class Guide(JobdTestCase):
    """The examples of the user guide, word for word but for the socket."""

    def shell(self, command, user, **variables):
        done = subprocess.run(['sh', '-c', command.replace('curl', f'curl -sS -i --unix-socket {SOCKET}', 1)],
                              env={**environment(user), 'TOKEN': 'abc', **variables}, capture_output=True, text=True,
                              check=False, timeout=60, **identity(user))
        self.assertEqual(done.returncode, 0, done)
        return parse(done.stdout)

    def test_run_by_uuid(self):
        for user in None, 'alice':
            reply = self.shell('''curl -X POST \\
                -H "Authorization: Token $TOKEN" \\
                -H "Content-Type: application/json" \\
                -H "Accept: application/json; version=1.3; indent=4" \\
                http://nautobot/api/extras/jobs/$JOB_ID/run/''', user, JOB_ID=job_id('guide.NoInput'))
            self.assertEqual(reply.status, 201, reply)
            self.assertIn('\n    "job_result": {\n        "id": "', reply.body)
            self.assertIsNone(reply.json['scheduled_job'])
            self.assertEqual(reply.json['job_result']['user'], user or 'root')
            self.assertEqual(reply.headers['api-version'], '1.3')
            self.assertOutcome(ended(reply)['id'], 'SUCCESS')

    def test_run_by_name(self):
        for user in None, 'alice':
            reply = self.shell('''curl -X POST \\
                -H "Authorization: Token $TOKEN" \\
                -H "Content-Type: application/json" \\
                -H "Accept: application/json; version=1.3; indent=4" \\
                http://nautobot/api/extras/jobs/$JOB_NAME/run/ \\
                --data '{"data": {"string_variable": "somevalue", "integer_variable": 123}}' ''', user,
                JOB_NAME='Input%20f%C3%BCr%20alle%3A%20a%2fb.c')
            result = ended(reply)
            self.assertEqual(result['status'], 'SUCCESS')
            self.assertEqual(result['task_kwargs'], {'string_variable': 'somevalue', 'integer_variable': 123})
            lines = curl(result_path(result['id'], 'logs')).json['results']
            self.assertIn('got somevalue and 123', [line['message'] for line in lines])


class Jobs(JobdTestCase):
    def test_list(self):
        page = curl('/api/extras/jobs/').json
        listed = jobctl_json('list', '--all')
        self.assertEqual(page['count'], len(page['results']))
        self.assertEqual({job['class_path'] for job in page['results']}, {job['class_path'] for job in listed})
        self.assertEqual((page['next'], page['previous']), (None, None))

    def test_pages(self):
        path, seen, n = '/api/extras/jobs/?module_name=guide&limit=2', [], 0
        previous = None
        while path:
            page = curl(path).json
            self.assertEqual(page['count'], 5)
            self.assertLessEqual(len(page['results']), 2)
            self.assertEqual(page['previous'] is None, n == 0)
            seen += [job['class_path'] for job in page['results']]
            previous, path, n = path, page['next'], n + 1
        self.assertEqual(n, 3)
        self.assertEqual(len(set(seen)), 5)
        self.assertIn('offset=4', previous)
        self.assertTrue(previous.startswith(f'{HOST}/api/extras/jobs/?module_name=guide&limit=2'))
        beyond = curl('/api/extras/jobs/?module_name=guide&offset=50').json
        self.assertEqual((beyond['count'], beyond['results']), (5, []))

    def test_filters(self):
        def found(query):
            return {job['job_class_name'] for job in curl('/api/extras/jobs/?module_name=guide&' + query).json['results']}
        self.assertEqual(found('enabled=false'), {'Disabled'})
        self.assertEqual(found('enabled=True&q=INPUT'), {'NoInput', 'Input'})
        self.assertEqual(found('has_sensitive_variables=true'), {'Disabled'})
        self.assertEqual(found('job_class_name=Writes'), {'Writes'})
        self.assertEqual(found('name=' + 'Input%20f%C3%BCr+alle:%20a/b.c'), {'Input'})
        job = job_path('guide.Sleeps')
        curl(job, method='PATCH', json_body={'time_limit': 1.5, 'time_limit_override': True, 'is_singleton': True,
                                             'is_singleton_override': True, 'grouping_override': True})
        self.assertEqual(found('time_limit=1.5'), {'Sleeps'})
        self.assertEqual(found('time_limit=0&soft_time_limit=0&name_override=false'),
                         {'NoInput', 'Input', 'Writes', 'Disabled'})
        self.assertEqual(found('is_singleton_override=true&is_singleton=true'), {'Sleeps'})
        self.assertEqual(found('grouping_override=true'), {'Sleeps'})
        self.assertEqual(found('time_limit_override=false&enabled=true'), {'NoInput', 'Input', 'Writes'})
        curl(job, method='PATCH', json_body={f'{name}_override': False for name in ('time_limit', 'is_singleton', 'grouping')})
        for name in 'task_queues', 'job_queues':
            self.assertEqual(found(f'{name}=bulk'), {'Input'})
            self.assertEqual(found(f'{name}=default&enabled=true'), {'NoInput', 'Input', 'Sleeps', 'Writes'})
            self.assertEqual(found(f'{name}=none'), set())
        for query, field, text in (('color=red', 'color', 'Unknown filter field'),
                                   ('enabled=maybe', 'enabled', 'Must be a valid boolean.'),
                                   ('limit=-1', 'limit', 'A valid integer is required.'),
                                   ('time_limit=1e9', 'time_limit', 'A valid number is required.'),
                                   ('time_limit=1.', 'time_limit', 'A valid number is required.'),
                                   ('soft_time_limit=-1', 'soft_time_limit', 'A valid number is required.'),
                                   ('q=a&q=b', 'q', 'Only one value is taken.')):
            reply = curl('/api/extras/jobs/?' + query)
            self.assertEqual((reply.status, reply.json), (400, {field: [text]}))

    def test_retrieve(self):
        by_name = curl(job_path('Input für alle: a/b.c'))
        self.assertEqual(by_name.status, 200)
        self.assertEqual(by_name.json['class_path'], 'guide.Input')
        by_id = curl(job_path(by_name.json['id']))
        self.assertEqual(by_id.json, by_name.json)
        self.assertEqual(by_name.json['url'], f'{HOST}/api/extras/jobs/{by_name.json["id"]}/')
        shown = jobctl_json('show', 'guide.Input')
        self.assertEqual({key: by_name.json[key] for key in ('id', 'name', 'task_queues', 'grouping')},
                         {key: shown[key] for key in ('id', 'name', 'task_queues', 'grouping')})
        for absent in ABSENT, 'guide.No', '..', 'a/../b', '$JOB_NAME':
            reply = curl(job_path(absent))
            self.assertEqual((reply.status, reply.json), (404, {'detail': 'Not found.'}), absent)

    def test_variables(self):
        variables = curl(job_path('guide.Input', 'variables')).json
        self.assertEqual([variable['name'] for variable in variables], ['string_variable', 'integer_variable'])
        self.assertEqual(variables[0]['max_length'], 20)

    def test_change(self):
        install_job('change.Me', '''
            [Job]
            Grouping=Class
            HasSensitiveVariables=no
            [Service]
            ExecStart=true
        ''')
        jobctl('refresh')
        path = job_path('change.Me')

        def patch(**changes):
            return curl(path, method='PATCH', json_body=changes)

        self.assertEqual(patch(enabled=True).json['enabled'], True)
        job = patch(grouping='Mine', grouping_override=True, time_limit=90.5, time_limit_override=True,
                    task_queues=['bulk', 'default'], task_queues_override=True, is_singleton=True,
                    is_singleton_override=True).json
        self.assertEqual([job[name] for name in ('grouping', 'time_limit', 'task_queues', 'is_singleton')],
                         ['Mine', 90.5, ['bulk', 'default'], True])
        self.assertTrue(job['grouping_override'] and job['is_singleton_override'])
        self.assertEqual(patch(grouping='Other').json['grouping'], 'Other', 'it is an override already')
        self.assertEqual(patch(description='x').json['description'], '', 'without its flag it does not count')
        job = patch(grouping_override=False).json
        self.assertEqual((job['grouping'], job['grouping_override']), ('Class', False))

        before = curl(path).json
        for changes, error in (
                ({'enabled': False, 'time_limit': -1}, {'time_limit': ['A valid number is required.']}),
                ({'enabled': 'no', 'colour': 1}, {'enabled': ['Must be a valid boolean.'], 'colour': ['Unknown field.']}),
                ({'enabled': False, 'name': 'n' * 101, 'name_override': True},
                 {'name': ['Name may not exceed 100 characters in length']}),
                ({'enabled': False, 'has_sensitive_variables': True, 'has_sensitive_variables_override': True,
                  'approval_required': True, 'approval_required_override': True},
                 {name: ['A job with sensitive variables cannot also be marked as requiring approval']
                  for name in ('has_sensitive_variables', 'approval_required')})):
            reply = patch(**changes)
            self.assertEqual((reply.status, reply.json), (400, error))
            self.assertEqual(curl(path).json, before, 'all or nothing')
        reply = patch(name='guide.NoInput', name_override=True)
        self.assertEqual((reply.status, list(reply.json)), (200, list(before)))
        self.assertEqual(patch(name_override=False).json['name'], 'Me')
        self.assertEqual(curl(path, method='DELETE').status, 204)
        self.assertEqual(curl(path, method='DELETE').status, 404)


class Run(JobdTestCase):
    def post(self, class_path, body, user='alice'):
        return curl(job_path(class_path, 'run'), json_body=body, user=user)

    def test_queue(self):
        for key in 'task_queue', 'job_queue':
            reply = self.post('guide.Input', {'data': {'string_variable': 'x', 'integer_variable': 1}, key: 'bulk'})
            self.assertEqual(reply.json['job_result']['task_queue'], 'bulk')
            ended(reply)
            reply = self.post('guide.Input', {'data': {}, key: 'invalid'})
            self.assertEqual((reply.status, reply.json), (400, {key: ['"invalid" is not a valid choice.']}))
        reply = self.post('guide.Input', {'task_queue': 'bulk', 'job_queue': 'bulk'})
        self.assertEqual(reply.status, 400)
        self.assertIn('Please specify only one or another.', reply.body)

    def test_bad_input(self):
        for body, error in (
                ({'data': ['x']}, {'errors': ['Job data needs to be a dict']}),
                ({'data': {'var5': 1, 'string_variable': 'x', 'integer_variable': 1}},
                 {'errors': {'var5': ['Job data contained an unknown property']}}),
                ({}, {'errors': {'string_variable': ['This field is required.'],
                                 'integer_variable': ['This field is required.']}}),
                ({'data': {'string_variable': 'x' * 21, 'integer_variable': 1001}},
                 {'errors': {'string_variable': ['Ensure this value has at most 20 characters (it has 21).'],
                             'integer_variable': ['Ensure this value is less than or equal to 1000.']}}),
                ({'task_queue': 1}, {'task_queue': ['Not a valid string.']})):
            reply = self.post('guide.Input', body)
            self.assertEqual((reply.status, reply.json), (400, error))

    def test_order_of_checks(self):
        """Who may not, and what cannot be run, comes before what is wrong with the body (the reference's row X2)."""
        broken = ('-H', 'Content-Type: application/json', '--data', '{')
        self.assertEqual(curl(job_path('guide.Input', 'run'), *broken, user='dave').status, 403)
        self.assertEqual(curl(job_path('guide.No', 'run'), *broken, user='alice').status, 404)
        reply = curl(job_path('guide.Disabled', 'run'), *broken, user='alice')
        self.assertEqual((reply.status, reply.json), (403, {'detail': 'This job is not enabled to be run.'}))
        reply = curl(job_path('guide.Input', 'run'), *broken, user='alice')
        self.assertEqual(reply.status, 400)
        self.assertIn('JSON parse error', reply.json['detail'])

    def test_what_cannot_be_run(self):
        """Rows X2 (5), (8) and (10), and R14 of the reference, in its words."""
        path = install_job('guide.Vanishing', '[Service]\nExecStart=true\n')
        jobctl('refresh')
        jobctl('enable', 'guide.Vanishing')
        os.unlink(path)
        reply = curl(job_path('guide.Vanishing', 'run'), method='POST', user='alice')
        self.assertEqual((reply.status, reply.json),
                         (405, {'detail': "This job's source code could not be located and cannot be run"}))
        self.assertEqual(curl(job_path('guide.Vanishing', 'variables')).status, 404)
        jobctl('refresh')
        reply = curl(job_path('guide.Vanishing', 'run'), method='POST', user='alice')
        self.assertEqual((reply.status, reply.json),
                         (405, {'detail': 'This job is not presently installed and cannot be run'}))
        both = 'are both specified. Please specify only one or another.'
        reply = curl(job_path('guide.NoInput', 'run'), json_body={'task_queue': 'default', 'job_queue': 'default'})
        self.assertEqual((reply.status, reply.json), (400, {'task_queue': [f'task_queue and job_queue {both}']}))
        reply = curl(job_path('guide.NoInput', 'run'), '-F', '_task_queue=default', '-F', '_job_queue=default')
        self.assertEqual((reply.status, reply.json), (400, {'_task_queue': [f'_task_queue and _job_queue {both}']}))
        reply = curl(job_path('jobd.LogsCleanup'), method='DELETE')
        self.assertEqual(reply.status, 409)
        self.assertIn('Unable to delete Job Logs Cleanup. System Job cannot be deleted', reply.json['detail'])

    def test_form(self):
        reply = curl(job_path('guide.Input', 'run'), '-F', 'string_variable="some; text"', '-F', 'integer_variable=7',
                     '-F', '_task_queue=bulk', user='alice')
        result = ended(reply)
        self.assertEqual((result['status'], result['task_queue'], result['task_kwargs']),
                         ('SUCCESS', 'bulk', {'string_variable': 'some; text', 'integer_variable': 7}))
        reply = curl(job_path('guide.Input', 'run'), '-F', 'string_variable=x', '-F', 'integer_variable=seven',
                     '-F', '_job_queue=nope', user='alice')
        self.assertEqual((reply.status, reply.json), (400, {'_job_queue': ['"nope" is not a valid choice.']}))
        reply = curl(job_path('guide.Input', 'run'), '-F', 'string_variable=x', '-F', 'integer_variable=seven',
                     user='alice')
        self.assertEqual((reply.status, list(reply.json['errors'])), (400, ['integer_variable']))


class Results(JobdTestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = ended(curl(job_path('guide.Writes', 'run'), method='POST'))

    def test_retrieve_and_list(self):
        self.assertEqual(self.result['status'], 'SUCCESS', self.result)
        shown = jobctl_json('result', self.result['id'])
        same = set(shown) & set(self.result)
        self.assertGreater(len(same), 20)
        self.assertEqual({name: shown[name] for name in same}, {name: self.result[name] for name in same})
        page = curl('/api/extras/job-results/?limit=1&job_model=guide.Writes').json
        self.assertEqual((page['count'], page['results'][0]['id']), (1, self.result['id']))
        for query, n in ('status=SUCCESS&user=root', 1), ('status=FAILURE', 0), ('user=dave', 0):
            self.assertEqual(curl(f'/api/extras/job-results/?job_model=guide.Writes&{query}').json['count'], n)
        self.assertEqual(curl(result_path(ABSENT)).status, 404)
        self.assertEqual(curl(result_path('x')).status, 404)
        self.assertEqual(curl('/api/extras/job-results/?status=DONE').status, 400)

    def test_pages(self):
        ids = [curl(job_path('guide.NoInput', 'run'), method='POST').json['job_result']['id'] for _ in range(5)]
        url, seen = '/api/extras/job-results/?job_model=guide.NoInput&limit=2', []
        total = curl(url).json['count']
        while url:
            page = curl(url).json
            self.assertEqual(page['count'], total)
            seen += [result['id'] for result in page['results']]
            url = page['next']
        self.assertEqual(len(seen), total)
        self.assertEqual(seen[:5], ids[::-1])
        page = curl(f'/api/extras/job-results/?job_model=guide.NoInput&limit=2&before={ids[4]}').json
        self.assertEqual([result['id'] for result in page['results']], [ids[3], ids[2]])
        self.assertIn(f'before={ids[2]}', page['next'])
        reply = curl('/api/extras/job-results/?offset=10001')
        self.assertEqual(reply.status, 400)

    def test_logs(self):
        page = curl(result_path(self.result['id'], 'logs')).json
        messages = [line['message'] for line in page['results']]
        self.assertEqual(page['count'], len(messages))
        self.assertIn('one', messages)
        [hey] = [line for line in page['results'] if line['message'] == 'hey']
        self.assertEqual((hey['log_level'], hey['grouping']), ('warning', 'g'))
        first = curl(result_path(self.result['id'], 'logs') + '?limit=1&offset=1').json
        self.assertEqual([line['message'] for line in first['results']], messages[1:2])
        rest = curl(result_path(self.result['id'], 'logs') + '?after=' + page['results'][1]['cursor'].replace(';', '%3B'))
        self.assertEqual([line['message'] for line in rest.json['results']], messages[2:])
        only = curl(result_path(self.result['id'], 'logs') + '?level=warning').json
        self.assertEqual([line['message'] for line in only['results']], ['hey'])

    def test_follow(self):
        reply = curl(result_path(self.result['id'], 'logs') + '?follow=true')
        self.assertEqual(reply.headers['content-type'], 'text/event-stream')
        events = reply.body.strip().split('\n\n')
        self.assertEqual(events[-1], 'event: end\ndata: {}')
        entries = [json.loads(event.split('data: ', 1)[1]) for event in events[:-1]]
        self.assertIn('two', [entry['message'] for entry in entries])
        self.assertEqual(events[0].split('\n')[0], 'id: ' + entries[0]['cursor'])
        again = curl(result_path(self.result['id'], 'logs'), '-H', 'Accept: text/event-stream', '-H',
                     'Last-Event-ID: ' + entries[-2]['cursor'])
        self.assertEqual(len(again.body.strip().split('\n\n')), 2)

    def test_follow_until_the_end(self):
        started = curl(job_path('guide.Sleeps', 'run'), method='POST').json['job_result']['id']
        process = subprocess.Popen(['curl', '-sSN', '--unix-socket', SOCKET,
                                    HOST + result_path(started, 'logs') + '?follow=1'], stdout=subprocess.PIPE, text=True)
        self.assertTrue(process.stdout.readline().startswith('id: '))
        self.assertEqual(curl(result_path(started, 'cancel'), method='POST').status, 200)
        rest, _ = process.communicate(timeout=60)
        self.assertIn('event: end', rest)

    def test_outputs(self):
        page = curl(result_path(self.result['id'], 'outputs')).json
        [output] = page['results']
        self.assertEqual((page['count'], output['name'], output['size']), (1, 'r', 3))
        reply = curl(output['url'])
        self.assertEqual((reply.status, reply.body), (200, 'a,b'))
        self.assertEqual(reply.headers['content-type'], 'application/octet-stream')
        self.assertEqual(curl(result_path(self.result['id'], 'outputs', 'nope')).status, 404)

    def test_cancel_and_delete(self):
        result_id = curl(job_path('guide.Sleeps', 'run'), method='POST', user='alice').json['job_result']['id']
        self.assertEqual(curl(result_path(result_id), method='DELETE').status, 409)
        still = curl(result_path(result_id) + '?wait=1').json
        self.assertIn(still['status'], ('PENDING', 'STARTED'))
        self.assertEqual(curl(result_path(result_id, 'cancel'), method='POST', user='dave').status, 403)
        self.assertEqual(curl(result_path(result_id, 'cancel'), method='POST', user='alice').status, 200)
        self.assertEqual(curl(result_path(result_id) + '?wait=60').json['status'], 'REVOKED')
        reply = curl(result_path(result_id, 'cancel'), method='POST')
        self.assertEqual((reply.status, reply.json), (409, {'detail': 'Job is already finished. Nothing to do.'}))
        self.assertEqual(curl(result_path(result_id), method='DELETE').status, 204)
        self.assertEqual(curl(result_path(result_id)).status, 404)


if __name__ == '__main__':
    unittest.main()
