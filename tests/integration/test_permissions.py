# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Who may do what: each member of each object as each user, rules of polkit, passwords, limits, and what is hidden."""
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

from harness import JobdTestCase, install_job, jobctl, jobctl_json, run
from raw_bus import ALLOW_INTERACTIVE, DIRECT, RawBus
from rules import polkit_rules

USERS = ['root', 'alice', 'bob', 'carol', 'dave']
MANAGER, JOB, RESULT = 'org.jobd1.Manager', 'org.jobd1.Job', 'org.jobd1.JobResult'
SCHEDULE, QUEUE, RUN = 'org.jobd1.ScheduledJob', 'org.jobd1.JobQueue', 'org.jobd1.Run'
PROPERTIES, INTROSPECTABLE = 'org.freedesktop.DBus.Properties', 'org.freedesktop.DBus.Introspectable'
NO_RUN = 'org.jobd1.Error.NoSuchRun'
DENIED = ['org.freedesktop.DBus.Error.AccessDenied', 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired']

# Who may call it, apart from root; "dave" stands for everybody. A member that is missing here fails the test.
ALLOWED = {
    MANAGER: {
        'RunJob': 'alice carol', 'Refresh': 'carol', 'GetJob': 'alice bob carol', 'ListJobs': 'alice bob carol',
        'GetJobResult': 'bob carol', 'ListJobResults': 'alice bob carol dave', 'CleanJobResults': 'carol',
        'CountJobResults': 'alice bob carol dave', 'CancelJobResults': 'alice bob carol dave',
        'GetScheduledJob': 'bob carol', 'ListScheduledJobs': 'alice bob carol dave', 'GetJobQueue': 'alice bob carol',
        'ListJobQueues': 'alice bob carol dave', 'CreateJobQueue': 'carol', 'ListObjectModels': 'alice bob carol',
        'ListObjects': 'alice bob carol', 'ImportObjects': 'carol',
    },
    JOB: {
        'Run': 'alice carol', 'Enable': 'carol', 'Disable': 'carol', 'SetOverride': 'carol', 'ClearOverride': 'carol',
        'Update': 'carol', 'Delete': 'carol', 'GetVariables': 'alice bob carol', 'GetClass': 'alice bob carol',
    },
    RESULT: {
        'Cancel': 'carol', 'Delete': 'carol', 'OpenLog': 'carol', 'ListOutputs': 'bob carol',
        'OpenOutput': 'bob carol',
    },
    SCHEDULE: {
        'Approve': 'bob carol', 'Deny': 'bob carol', 'DryRun': 'carol', 'GetRequest': 'bob carol', 'SetEnabled': 'carol',
        'Update': 'carol', 'RunNow': 'carol', 'TakeOver': 'carol', 'Cancel': 'carol', 'Delete': 'carol',
    },
    QUEUE: {'Set': 'carol', 'Delete': 'carol'},
}
READ = {MANAGER: 'alice bob carol dave', JOB: 'alice bob carol', RESULT: 'bob carol', SCHEDULE: 'bob carol',
        QUEUE: 'alice bob carol'}
# Arguments that change nothing; others are made from the signature, and are refused by those who are let through.
ARGUMENTS = {'ListJobs': [{}], 'ListJobResults': [{}], 'CleanJobResults': [{}], 'CountJobResults': [{}],
             'ListScheduledJobs': [{}], 'ListJobQueues': [{}], 'CancelJobResults': [{'there-is-no-such': ('b', True)}]}
WITH_FILES = {'ImportObjects', 'AddOutput'}     # take a descriptor: test_objects.py, test_inside.py
REFERENCES = {'GetJobResult': None, 'GetScheduledJob': ('matrix', 'no-such'), 'GetJobQueue': ('bulk', 'no-such'),
              'CreateJobQueue': ('bulk', 'bulk'), 'ListObjects': ('user', 'no-such-model')}
ABSENT = str(uuid.UUID(int=0x1234))
BUSES = {}


def setUpModule():
    for class_path in ('matrix.On', 'matrix.Off', 'network.Backup', 'network.Restore', 'other.Special', 'other.Plain',
                       'secret.Payroll'):
        grouping = 'Shared' if class_path == 'network.Restore' else 'Common'
        install_job(class_path, f'''
            [Job]
            Grouping={grouping}
            TaskQueues=default bulk
            [Service]
            ExecStart=sleep 300
        ''')
    jobctl('refresh')
    jobctl('enable', 'matrix.On', 'network.Backup', 'network.Restore', 'other.Special', 'other.Plain',
           'secret.Payroll')
    for user in USERS:
        BUSES[user] = RawBus(user)


def tearDownModule():
    for bus in BUSES.values():
        bus.close()


def job_object(class_path):
    return BUSES['root'].call('/org/jobd1', MANAGER, 'GetJob', 's', class_path).body[0]


def result_object(result_id):
    return '/org/jobd1/result/' + result_id.replace('-', '')


def schedule_object(name):
    """A scheduled job of root's, years away."""
    options = {'interval': ('s', 'future'), 'name': ('s', name), 'start_time': ('t', 4102444800 * 10**6)}
    reply = BUSES['root'].call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'matrix.On', '', options)
    assert not reply.error, reply
    return reply.body[1]


def submit(class_path, user='root', *options):
    return jobctl('run', '--no-wait', *options, class_path, user=user).stdout.strip()


def members(path, interface):
    """The methods with their arguments and the properties of an interface of this object, as root is told."""
    text = BUSES['root'].call(path, INTROSPECTABLE, 'Introspect').body[0]
    node = ElementTree.fromstring(text).find(f"interface[@name='{interface}']")
    methods = {method.get('name'): ''.join(arg.get('type') for arg in method.iterfind("arg[@direction='in']"))
               for method in node.iterfind('method')}
    return methods, [entry.get('name') for entry in node.iterfind('property')]


def sample(signature):
    return [{'s': 'there-is-no-such', 'b': True, 'd': 1.0, 'u': 1, 'a': {'there-is-no-such': ('b', True)}}[part[0]]
            for part in signature.replace('a{sv}', 'a')]


def is_denied(reply):
    return reply.error in DENIED


def normal(reply, *references):
    """What the caller can tell two replies apart by."""
    text = str((reply.error, reply.body))
    for reference in references:
        text = text.replace(reference, 'X')
    return text


class Matrix(JobdTestCase):
    @classmethod
    def setUpClass(cls):
        cls.result_id = submit('matrix.On')
        cls.objects = {MANAGER: '/org/jobd1', JOB: job_object('matrix.On'), RESULT: result_object(cls.result_id),
                       SCHEDULE: schedule_object('matrix'),
                       QUEUE: BUSES['root'].call('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'default').body[0]}
        cls.absent = {JOB: '/org/jobd1/job/' + ABSENT.replace('-', ''), RESULT: result_object(ABSENT),
                      SCHEDULE: '/org/jobd1/schedule/' + ABSENT.replace('-', ''),
                      QUEUE: '/org/jobd1/queue/' + ABSENT.replace('-', '')}

    @classmethod
    def tearDownClass(cls):
        jobctl('cancel', cls.result_id)

    def check(self, call, absent_call, allowed, *references):
        """call is let through for these users only; who is refused cannot tell it from absent_call."""
        for user in USERS:
            reply = BUSES[user].call(*call)
            self.assertFalse((reply.error or '').endswith('.UnknownMethod'), (call, reply))
            self.assertEqual(not is_denied(reply), user == 'root' or user in allowed.split(), (user, call, reply))
            if is_denied(reply):
                self.assertIn('not authorised to', reply.body[0])
                self.assertIn('ask an administrator for the polkit action org.jobd1.', reply.body[0])
                if absent_call:
                    self.assertEqual(normal(reply, *references),
                                     normal(BUSES[user].call(*absent_call), *references), (user, call))

    def test_methods(self):
        for interface, path in self.objects.items():
            methods, _ = members(path, interface)
            self.assertEqual(set(methods), set(ALLOWED[interface]), f'{interface}: who may call what is new?')
            for name, signature in methods.items():
                if name in WITH_FILES:
                    continue
                call_path = job_object('matrix.Off') if name == 'Disable' else path
                arguments = ARGUMENTS.get(name, sample(signature))
                here = absent = (interface, name, signature, *arguments)
                references = [call_path, self.absent.get(interface, '/')]
                if interface == SCHEDULE and name in ('TakeOver', 'Delete'):
                    call_path = schedule_object(name)
                    references[0] = call_path
                if interface == MANAGER and signature[:1] == 's':
                    known, unknown = REFERENCES.get(name, ('matrix.On', 'matrix.No')) or (self.result_id, ABSENT)
                    here, absent = (interface, name, signature, known, *arguments[1:]), (
                        interface, name, signature, unknown, *arguments[1:])
                    references = [known, unknown]
                with self.subTest(method=f'{interface}.{name}'):
                    absent_path = self.absent.get(interface, path)
                    self.check((call_path, *here), (absent_path, *absent), ALLOWED[interface][name], *references)

    def test_properties_and_introspection(self):
        for interface, path in self.objects.items():
            absent, references = self.absent.get(interface), [path, self.absent.get(interface, '/')]
            reads = [(PROPERTIES, 'Get', 'ss', interface, name) for name in members(path, interface)[1]]
            reads += [(PROPERTIES, 'GetAll', 's', interface), (PROPERTIES, 'GetAll', 's', ''),
                      (INTROSPECTABLE, 'Introspect')]
            for read in reads:
                with self.subTest(read=read):
                    self.check((path, *read), absent and (absent, *read), READ[interface], *references)

    def test_direct_socket(self):
        """There is nothing for other users than root, whatever groups they are in; a run has to show its token first."""
        objects = {**self.objects, RUN: '/org/jobd1/run'}
        with RawBus(None, DIRECT) as root:
            text = {path: root.call(path, INTROSPECTABLE, 'Introspect').body[0] for path in objects.values()}
        for interface, path in objects.items():
            node = ElementTree.fromstring(text[path]).find(f"interface[@name='{interface}']")
            signatures = {method.get('name'): ''.join(arg.get('type') for arg in method.iterfind("arg[@direction='in']"))
                          for method in node.iterfind('method') if method.get('name') not in WITH_FILES}
            calls = [(path, interface, name, signature, *sample(signature)) for name, signature in signatures.items()]
            calls += [(path, PROPERTIES, 'Get', 'ss', interface, entry.get('name')) for entry in node.iterfind('property')]
            calls += [(path, PROPERTIES, 'GetAll', 's', interface), (path, INTROSPECTABLE, 'Introspect')]
            for call in calls:
                for user in 'carol', 'dave':
                    # A connection is closed once it was told so
                    with self.subTest(user=user, call=call), RawBus(user, DIRECT) as bus:
                        reply = bus.call(*call)
                        self.assertIn(reply.error, [DENIED[0], *([NO_RUN] if call[1] == RUN else [])], reply)

    def test_properties_cannot_be_written(self):
        for interface, path in self.objects.items():
            for name in members(path, interface)[1]:
                for user in 'root', 'carol', 'dave':
                    reply = BUSES[user].call(path, PROPERTIES, 'Set', 'ssv', interface, name, ('s', 'x'))
                    self.assertTrue(reply.error, (user, name))

    def test_dave_sees_nothing(self):
        reply = BUSES['dave'].call('/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}', {})
        self.assertEqual(reply.body, [[], False])
        for known in {'job': ('s', 'matrix.On')}, {'requester': ('s', 'root')}, {'before': ('s', self.result_id)}:
            unknown = {key: ('s', {'job': 'matrix.No', 'before': ABSENT}.get(key, value[1]))
                       for key, value in known.items()}
            replies = [BUSES['dave'].call('/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}', filter)
                       for filter in (known, unknown)]
            self.assertEqual(*[normal(reply, self.result_id, ABSENT) for reply in replies])

    def test_what_the_message_says(self):
        self.assertFails(['jobctl', 'run', 'matrix.On'], "not authorised to run job 'matrix.On'", 'org.jobd1.run-job',
                         'Permissions', status=4, user='dave', input='')
        self.assertFails(['jobctl', 'list'], 'not authorised to view any job', status=4, user='dave', input='')


class Rules(JobdTestCase):
    def listed(self, user):
        reply = BUSES[user].call('/org/jobd1', MANAGER, 'ListJobs', 'a{sv}', {})
        self.assertIsNone(reply.error, reply)
        return {properties['ClassPath'] for _, properties in reply.body[0]}

    def results(self, user, **filter):
        reply = BUSES[user].call('/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}',
                                 {key: ('s', value) for key, value in filter.items()})
        self.assertIsNone(reply.error, reply)
        return {entry[0] for entry in reply.body[0]}

    def test_details(self):
        """Rules by class_path, module_name, grouping, queue and requester allow exactly that."""
        runs = {key: submit(*key) for key in [
            ('network.Backup', 'alice', '--queue', 'bulk'), ('network.Backup', 'alice'),
            ('network.Backup', 'carol', '--queue', 'bulk'), ('other.Plain', 'alice')]}
        mine = runs['network.Backup', 'alice', '--queue', 'bulk']
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user != "dave")
                        return polkit.Result.NOT_HANDLED;
                    var view = action.id == "org.jobd1.view-job";
                    if (view && (action.lookup("module_name") == "network" || action.lookup("grouping") == "Shared" ||
                                 action.lookup("class_path") == "other.Special"))
                        return polkit.Result.YES;
                    if (action.id == "org.jobd1.run-job" && action.lookup("job") == "Backup" &&
                        action.lookup("job_class_name") == "Backup" && action.lookup("queue") == "bulk")
                        return polkit.Result.YES;
                    if (action.id.indexOf("org.jobd1.view-") == 0 && action.lookup("requester") == "alice" &&
                        action.lookup("queue") == "bulk" && action.lookup("class_path") == "network.Backup")
                        return polkit.Result.YES;
                    return polkit.Result.NOT_HANDLED;
                });'''):
            dave = BUSES['dave']
            self.assertEqual(self.listed('dave'), {'network.Backup', 'network.Restore', 'other.Special'})
            for class_path, seen in ('network.Backup', True), ('other.Special', True), ('other.Plain', False):
                path = job_object(class_path)
                for call in [('/org/jobd1', MANAGER, 'GetJob', 's', class_path), (path, JOB, 'GetVariables'),
                             (path, PROPERTIES, 'GetAll', 's', JOB), (path, PROPERTIES, 'Get', 'ss', JOB, 'Name'),
                             (path, INTROSPECTABLE, 'Introspect')]:
                    self.assertEqual(not is_denied(dave.call(*call)), seen, call)

            for options, allowed in ({'task_queue': ('s', 'bulk')}, True), ({'task_queue': ('s', 'default')}, False), (
                    {}, False):
                reply = dave.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'network.Backup', '', options)
                self.assertEqual(not is_denied(reply), allowed, (options, reply))
                if allowed:
                    own = reply.body[1]
            self.assertIn("not authorised to run job 'network.Backup'", reply.body[0])

            self.assertEqual(self.results('dave', requester='dave'), {own})
            for result_id in runs.values():
                path = result_object(result_id)
                for call in [(path, RESULT, 'OpenLog', 'a{sv}', {}), (path, PROPERTIES, 'GetAll', 's', RESULT),
                             ('/org/jobd1', MANAGER, 'GetJobResult', 's', result_id),
                             (path, INTROSPECTABLE, 'Introspect')]:
                    self.assertEqual(not is_denied(dave.call(*call)), result_id == mine, call)
                self.assertTrue(is_denied(dave.call(path, RESULT, 'Cancel', 'a{sv}', {})))
        jobctl('cancel', *runs.values(), own.rsplit('/', 1)[1])

    def test_details_of_schedules_and_objects(self):
        """Rules by the name of a scheduled job and by the model of objects allow exactly that."""
        paths = {name: schedule_object(name) for name in ('open', 'closed')}
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user == "dave" &&
                        (action.id == "org.jobd1.view-scheduledjob" && !action.lookup("job") ||
                         action.id == "org.jobd1.view-scheduledjob" && action.lookup("schedule") == "open" &&
                         action.lookup("requester") == "root" && action.lookup("class_path") == "matrix.On" ||
                         action.id == "org.jobd1.view-object" && action.lookup("model") == "group"))
                        return polkit.Result.YES;
                });'''):
            dave = BUSES['dave']
            for name, path in paths.items():
                for call in [('/org/jobd1', MANAGER, 'GetScheduledJob', 's', name), (path, SCHEDULE, 'GetRequest'),
                             (path, PROPERTIES, 'GetAll', 's', SCHEDULE)]:
                    self.assertEqual(not is_denied(dave.call(*call)), name == 'open', call)
                self.assertTrue(is_denied(dave.call(path, SCHEDULE, 'SetEnabled', 'b', False)))
            listed = dave.call('/org/jobd1', MANAGER, 'ListScheduledJobs', 'a{sv}', {}).body[0]
            self.assertEqual([path for path, _ in listed], [paths['open']])
            for model in 'group', 'user':
                reply = dave.call('/org/jobd1', MANAGER, 'ListObjects', 'ssa{sv}', model, '', {})
                self.assertEqual(not is_denied(reply), model == 'group', reply)

    def pairs_of_calls(self, result_id):
        """Each call that can be made for the job secret.Payroll and its result, with one for what does not exist."""
        job, result = job_object('secret.Payroll'), result_object(result_id)
        no_job, no_result = '/org/jobd1/job/' + ABSENT.replace('-', ''), result_object(ABSENT)
        job_id = str(uuid.UUID(job.rsplit('/', 1)[1]))
        self.names = [job, result, no_job, no_result, job_id, result_id, ABSENT, 'secret.Payroll', 'secret.Nothing',
                      'Payroll', 'Nothing']
        for name, absent in ('secret.Payroll', 'secret.Nothing'), ('Payroll', 'Nothing'), (job_id, ABSENT):
            yield [('/org/jobd1', MANAGER, 'GetJob', 's', text) for text in (name, absent)]
            yield [('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', text, '', {}) for text in (name, absent)]
        yield [('/org/jobd1', MANAGER, 'GetJobResult', 's', text) for text in (result_id, ABSENT)]
        for interface, paths in (JOB, (job, no_job)), (RESULT, (result, no_result)):
            for name, signature in members(paths[0], interface)[0].items():
                yield [(path, interface, name, signature, *sample(signature)) for path in paths]
            for read in (PROPERTIES, 'GetAll', 's', interface), (PROPERTIES, 'Get', 'ss', interface, 'Id'), (
                    INTROSPECTABLE, 'Introspect'):
                yield [(path, *read) for path in paths]

    def test_hidden_is_absent(self):
        """A rule that says no: the job and its results do not exist for somebody who may see all others."""
        result_id = submit('secret.Payroll')
        pairs = list(self.pairs_of_calls(result_id))
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user != "root" && action.lookup("module_name") == "secret")
                        return polkit.Result.NO;
                });'''):
            for user in 'alice', 'bob', 'carol', 'dave':
                if user != 'dave':
                    self.assertNotIn('secret.Payroll', self.listed(user))
                    self.assertIn('other.Plain', self.listed(user))
                self.assertEqual(self.results(user, job='secret.Payroll'), set())
                self.assertNotIn(result_object(result_id), self.results(user))
                for exists, absent in pairs:
                    for flags in 0, ALLOW_INTERACTIVE:
                        with self.subTest(user=user, call=exists, flags=flags):
                            self.assertEqual(*[normal(BUSES[user].call(*call, flags=flags), *self.names)
                                               for call in (exists, absent)])
            self.assertIsNone(BUSES['root'].call('/org/jobd1', MANAGER, 'GetJob', 's', 'secret.Payroll').error)
            # and when its record is gone, its results are still hidden
            jobctl('cancel', result_id)
            run(['jobctl', 'logs', '-f', result_id])
            jobctl('delete', 'secret.Payroll')
            self.assertNotIn(result_object(result_id), self.results('carol'))
            self.assertIn(result_object(result_id), self.results('root'))

    def test_requester_without_any_rule(self):
        own, other = submit('other.Plain', 'alice'), submit('other.Plain', 'carol')
        with polkit_rules('''
                polkit.addRule(function(action, subject) {
                    if (subject.user == "alice" && action.id.indexOf("org.jobd1.") == 0)
                        return polkit.Result.NO;
                });'''):
            self.assertFails(['jobctl', 'run', 'other.Plain'], 'not authorised', status=4, user='alice', input='')
            self.assertIn(own, jobctl('results', user='alice').stdout)
            self.assertNotIn(other, jobctl('results', user='alice').stdout)
            self.assertIn('Running job', jobctl('logs', own, user='alice').stdout)
            self.assertFails(['jobctl', 'result', other], other, status=4, user='alice', input='')
            self.assertFails(['jobctl', 'logs', other], other, status=4, user='alice', input='')
            self.assertFails(['jobctl', 'cancel', other], other, status=4, user='alice', input='')
            jobctl('cancel', own, user='alice')
            run(['jobctl', 'logs', '-f', own])
            self.assertEqual(jobctl_json('result', own, user='alice')['revoked_by'], 'alice')
            # to delete the record is not theirs; they may know that it is there
            reply = BUSES['alice'].call(result_object(own), RESULT, 'Delete')
            self.assertIn('org.jobd1.delete-jobresult', reply.body[0])
        jobctl('cancel', other)


if __name__ == '__main__':
    unittest.main()
