# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The REST API beyond the reference's: refresh, classes, objects to choose from, clean-up, many runs at once, other users."""
import json
import os
import unittest

from harness import JobdTestCase, install_job, jobctl, jobctl_json
from raw_bus import RawBus
from rest import curl, job_path, result_path

RESULTS, MODELS = '/api/extras/job-results/', '/api/extras/object-models/'
ID = '27480187-b4b8-4ee3-bb3e-88eadc7d838c'
MAX = 16 * 1024 * 1024


def setUpModule():
    for name, program in ('Sleeps', 'sleep 300'), ('Other', 'sleep 300'), ('Quick', 'true'):
        install_job(f'own.{name}', f'''
            [Job]
            HasSensitiveVariables=no
            TaskQueues=default bulk
            [Service]
            ExecStart={program}
        ''')
    install_job('own.Picks', '''
        [Job]
        HasSensitiveVariables=no
        Retry=2
        OnFailure=own.Quick
        [Variable device]
        Type=object
        Model=devices
        [Service]
        ExecStart=true
    ''')
    jobctl('refresh')
    jobctl('enable', 'own.Sleeps', 'own.Other', 'own.Quick', 'own.Picks')


def run(class_path, user='alice', **body):
    return curl(job_path(class_path, 'run'), json_body=body, user=user)


def started(class_path, user='alice', **body):
    return run(class_path, user, **body).json['job_result']['id']


class Registry(JobdTestCase):
    def test_refresh(self):
        path = install_job('own.New', '[Service]\nExecStart=true\n')
        install_job('own.Bad', '[Service]\nNoSuchKey=1\n')
        report = {entry['class_path']: entry for entry in curl('/api/extras/jobs/refresh/', method='POST', user='carol').json}
        self.assertEqual(report['own.New']['action'], 'created')
        self.assertEqual(report['own.Bad']['action'], 'refused')
        self.assertIn('NoSuchKey', report['own.Bad']['message'])
        os.unlink(path)
        os.unlink(path.replace('New', 'Bad'))
        self.assertEqual([entry['action'] for entry in curl('/api/extras/jobs/refresh/', method='POST').json], ['uninstalled'])
        self.assertEqual(curl('/api/extras/jobs/refresh/', method='POST').json, [])
        self.assertEqual(curl('/api/extras/jobs/refresh/').status, 404, 'no job has that name')

    def test_class(self):
        of_class = curl(job_path('own.Picks', 'class'), user='bob').json
        self.assertEqual([of_class[name] for name in ('on_failure', 'on_success', 'retry')], [['own.Quick'], [], 2])
        self.assertEqual(of_class, jobctl_json('show', 'own.Picks')['class'])
        self.assertEqual(curl(job_path('own.No', 'class')).status, 404)

    def test_latest_result(self):
        self.assertNotIn('latest_result', curl('/api/extras/jobs/?name=Quick').json['results'][0])
        identity = started('own.Quick')
        self.assertEqual(curl(result_path(identity) + '?wait=60').json['status'], 'SUCCESS')
        [job] = curl('/api/extras/jobs/?name=Quick&latest_result=true', user='alice').json['results']
        self.assertEqual((job['latest_result'], job['latest_status']), (identity, 'SUCCESS'))


class Many(JobdTestCase):
    def cancel(self, caller=None, **body):
        return curl(RESULTS + 'cancel/', json_body=body, user=caller)

    def ended(self, *identities):
        return [curl(result_path(identity) + '?wait=60').json['revoked_by'] for identity in identities]

    def test_cancel(self):
        """Only what is meant; alice's own by alice, everybody's by carol."""
        own = [started('own.Sleeps'), started('own.Other'), started('own.Sleeps', task_queue='bulk')]
        others = [started('own.Sleeps', 'carol'), started('own.Other', 'carol')]
        self.assertEqual(self.cancel('alice', task_queue='bulk', kill=True).json, {'cancelled': 1})
        self.assertEqual(self.cancel('alice', job_model='own.Sleeps', kill=True).json, {'cancelled': 1})
        self.assertEqual(self.ended(own[2], own[0]), ['alice', 'alice'])
        self.assertEqual(self.cancel('dave', all=True).json, {'cancelled': 0})
        self.assertEqual(self.cancel('carol', user='carol', job_model='own.Other', kill=True).json, {'cancelled': 1})
        self.assertEqual(self.cancel('carol', all=True, kill=True).json, {'cancelled': 2})
        self.assertEqual(self.ended(own[1], *others), ['carol'] * 3)

    def test_nothing_by_mistake(self):
        identity = started('own.Sleeps')
        for body in {}, {'all': False}, {'kill': True}:
            reply = self.cancel(**body)
            self.assertEqual((reply.status, list(reply.json)), (400, ['all']), body)
        for body, field in ({'all': True, 'job': 'own.Sleeps'}, 'job'), ({'user': 1}, 'user'), ({'all': 'yes'}, 'all'):
            reply = self.cancel(**body)
            self.assertEqual((reply.status, list(reply.json)), (400, [field]), body)
        self.assertEqual(self.cancel(job_model='own.No').status, 404)
        self.assertIn(curl(result_path(identity)).json['status'], ('PENDING', 'STARTED'))
        self.assertEqual(self.cancel(user='alice', kill=True).json, {'cancelled': 1})

    def test_more_than_one_call_cancels(self):
        self.assertEqual(curl('/api/extras/job-queues/bulk/', method='PATCH', json_body={'max_running': 1}).status, 200)
        self.addCleanup(curl, '/api/extras/job-queues/bulk/', method='PATCH', json_body={'max_running': 0})
        with RawBus('carol') as bus:
            for _ in range(520):    # 500 are cancelled in one call
                reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'RunJob', 'ssa{sv}', 'own.Sleeps', '',
                                 {'task_queue': ('s', 'bulk')})
                self.assertIsNone(reply.error, reply)
        self.assertEqual(self.cancel('carol', task_queue='bulk', kill=True).json, {'cancelled': 520})
        self.assertEqual(curl(RESULTS + '?status=PENDING&task_queue=bulk').json['count'], 0)

    def test_clean(self):
        kept = started('own.Sleeps')
        for _ in range(3):
            self.assertEqual(curl(result_path(started('own.Quick')) + '?wait=60').json['status'], 'SUCCESS')

        def clean(**body):
            return curl(RESULTS + 'clean/', json_body=body)
        found = curl(RESULTS + '?job_model=own.Quick').json['count']
        counts = clean(job_model='own.Quick', max_count=1, dry_run=True).json
        self.assertEqual(counts, {'job_results': found - 1, 'output_files': 0, 'scheduled_jobs': 0})
        self.assertEqual(clean(job_model='own.Quick', max_age=1e300).json['job_results'], 0)
        self.assertEqual(clean(job_model='own.Quick', max_age=3600.5).json['job_results'], 0)
        self.assertEqual(clean(job_model='own.Quick', max_count=1).json['job_results'], found - 1)
        self.assertEqual(clean(max_age=0, username='carol').json['job_results'] > 0, True)
        self.assertIn(curl(result_path(kept)).json['status'], ('PENDING', 'STARTED'))
        for body, status, text in (({'max_count': 0}, 400, "'max_count' must be at least 1"),
                                   ({'username': 'alice'}, 403, 'does not have permission to delete JobResult records'),
                                   ({'username': 'nobody-such'}, 400, "there is no user 'nobody-such'"),
                                   ({'job_model': 'own.No'}, 404, 'Not found.'), ({'max_age': -1}, 400, 'valid number')):
            reply = clean(**body)
            self.assertEqual(reply.status, status, reply)
            self.assertIn(text, reply.body)
        self.assertEqual(self.cancel(user='alice', kill=True).json, {'cancelled': 1})


class Objects(JobdTestCase):
    def put(self, objects, query='', user=None, text=None):
        return curl(MODELS + 'devices/objects/' + query, '-H', 'Content-Type: application/json', '--data-binary', '@-',
                    method='POST', user=user, input=text if text is not None else json.dumps(objects))

    def test_models(self):
        page = curl(MODELS, user='alice').json
        models = jobctl_json('objects', 'models')
        self.assertEqual([(model['name'], model['source'], model['count']) for model in page['results']],
                         [(model['name'], model['source'], model['count']) for model in models])
        self.assertEqual(page['count'], len(models))
        second = curl(curl(MODELS + '?limit=1').json['next']).json
        self.assertEqual([model['name'] for model in second['results']], [models[1]['name']])
        user = next(model for model in page['results'] if model['name'] == 'user')
        names = {each['name'] for each in curl(user['url'], user='alice').json['results']}
        self.assertLessEqual({'alice', 'bob', 'carol', 'dave'}, names)

    def test_import_and_choose(self):
        objects = [{'id': ID, 'name': 'sw1', 'site': 'b'}] + [{'name': f'r{i}', 'site': 'a'} for i in range(120)]
        self.assertEqual(self.put(objects, '?dry_run=true').json, {'created': 121, 'updated': 0, 'deleted': 0, 'unchanged': 0})
        self.assertEqual(self.put(objects, user='carol').json['created'], 121)
        url, names = MODELS + 'devices/objects/?limit=50', []
        while url:
            page = curl(url, user='alice').json
            names += [each['name'] for each in page['results']]
            url = page['next']
        self.assertEqual(sorted(names), sorted(each['name'] for each in objects))
        self.assertEqual(page['count'], 121)
        found = curl(MODELS + 'devices/objects/?query=%7B%22site%22%3A%22b%22%7D').json
        self.assertEqual((found['count'], [each['id'] for each in found['results']]), (1, [ID]))
        result = run('own.Picks', data={'device': ID})
        self.assertEqual(result.status, 201, result)
        result = run('own.Picks', data={'device': {'site': 'a'}})
        self.assertEqual((result.status, list(result.json['errors'])), (400, ['device']))
        self.assertEqual(self.put(objects[:1], '?prune=true&username=carol').json['deleted'], 120)

    def test_what_is_refused(self):
        for text, status, words in (('', 400, 'found the end of the text'), ('{}', 400, "'devices'"), ('[1]', 400, 'is not an object'),
                                    ('[{"name": "a", "name": "b"}]', 400, 'name'), (' ' * (MAX + 1), 413, f'{MAX} bytes')):
            reply = self.put(None, text=text)
            self.assertEqual(reply.status, status, reply)
            self.assertIn(words, reply.json['detail'])
        self.assertEqual(self.put([], user='alice').status, 403)
        self.assertEqual(self.put([], '?username=alice').status, 403)
        self.assertEqual(self.put([], '?username=nobody-such').status, 400)
        reply = curl(MODELS + 'user/objects/', json_body=[])
        self.assertEqual((reply.status, 'of the host' in reply.json['detail']), (409, True), reply)
        reply = curl(MODELS + 'devices/objects/', '-F', 'file=@/etc/hosts', method='POST')
        self.assertEqual(reply.status, 415, reply)
        for path in 'no-such/objects/', 'a%2Fb/objects/', '%2e%2e/objects/':
            self.assertEqual((curl(MODELS + path).status, curl(MODELS + path).json), (404, {'detail': 'Not found.'}), path)
        for query in '%7B', '[]', '%7B%22name__no%22%3A1%7D':
            reply = curl(MODELS + 'user/objects/?query=' + query)
            self.assertEqual(reply.status, 400, reply)
            self.assertIn('the query is refused', reply.json['detail'])


class AsAnotherUser(JobdTestCase):
    def test_json(self):
        result = run('own.Quick', None, username='alice')
        self.assertEqual(result.status, 201, result)
        self.assertEqual([result.json['job_result'][name] for name in ('user', 'requested_by')], ['alice', 'root'])
        for body, status, text in (({'username': 'bob'}, 403, "user 'bob' does not have permission to run job 'own.Quick'"),
                                   ({'username': 'nobody-such'}, 400, "there is no user 'nobody-such'"),
                                   ({'username': 1}, 400, 'Not a valid string.'), ({'username': 'bob', 'data': 1}, 403, 'bob')):
            reply = run('own.Quick', None, **body)
            self.assertEqual(reply.status, status, reply)
            self.assertIn(text, reply.body.replace('\\"', '"'))
        self.assertEqual(run('own.Quick', 'alice', username='carol').status, 403)
        self.assertEqual(run('own.Quick', 'alice', username=None).json['job_result']['requested_by'], None)

    def test_form(self):
        reply = curl(job_path('own.Quick', 'run'), '-F', '_username=alice')
        self.assertEqual((reply.status, reply.json['job_result']['user']), (201, 'alice'), reply)


if __name__ == '__main__':
    unittest.main()
