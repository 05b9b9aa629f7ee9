# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The D-Bus contract: what is documented is what is there, anything else is refused by name, busctl is enough."""
import json
import re
import unittest
import xml.etree.ElementTree as ElementTree

from harness import JobdTestCase, install_job, jobctl, jobctl_json, run
from raw_bus import DIRECT, RawBus

DOCUMENTED = '/usr/share/dbus-1/interfaces/org.jobd1.xml'
MANUAL = '/usr/share/man/man8/jobd.8'
MANAGER, JOB, RESULT = 'org.jobd1.Manager', 'org.jobd1.Job', 'org.jobd1.JobResult'
QUEUE, SCHEDULE = 'org.jobd1.JobQueue', 'org.jobd1.ScheduledJob'
PROPERTIES, INTROSPECTABLE = 'org.freedesktop.DBus.Properties', 'org.freedesktop.DBus.Introspectable'
ERROR, BUS_ERROR = 'org.jobd1.Error.', 'org.freedesktop.DBus.Error.'
EMITS = 'org.freedesktop.DBus.Property.EmitsChangedSignal'
OBJECTS = {}


def setUpModule():
    install_job('net.Back', '''
        [Job]
        Name=Back up
        [Service]
        ExecStart=echo backing up ${JOB_VAR_device}
        [Variable device]
        Type=string
        Default=none
    ''')
    install_job('net.Long', '[Service]\nExecStart=sleep 300\n')
    jobctl('refresh')
    jobctl('enable', 'net.Back', 'net.Long')
    result_id = jobctl('run', '--no-wait', 'net.Back').stdout.strip()
    jobctl('logs', '-f', result_id)
    OBJECTS.update({MANAGER: '/org/jobd1', JOB: busctl('/org/jobd1', MANAGER, 'GetJob', 's', 'net.Back')[0],
                    RESULT: '/org/jobd1/result/' + result_id.replace('-', ''),
                    QUEUE: busctl('/org/jobd1', MANAGER, 'GetJobQueue', 's', 'default')[0],
                    SCHEDULE: busctl('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', '', '3', 'interval', 's',
                                     'future', 'name', 's', 'later', 'start_time', 't', '4102444800000000')[1]})


def busctl(path, interface, member, *arguments, check=True):
    """What a method returns, by plain busctl; or what it writes when that is an error."""
    done = run(['busctl', '--json=short', 'call', 'org.jobd1', path, interface, member, *arguments], check=False)
    if not check:
        return done
    if done.returncode:
        raise AssertionError(f'{member} {arguments}: {done.stderr}')
    return json.loads(done.stdout)['data'] if done.stdout else []


def describe(interface):
    """An interface in its XML form as plain data: all that a client can rely on."""
    def arguments(element, direction):
        return [(arg.get('name'), arg.get('type'), arg.get('direction') or direction)
                for arg in element.iterfind('arg')]

    return {
        'methods': {element.get('name'): arguments(element, 'in') for element in interface.iterfind('method')},
        'signals': {element.get('name'): arguments(element, 'out') for element in interface.iterfind('signal')},
        'properties': {element.get('name'): (element.get('type'), element.get('access'),
                                             element.find(f"annotation[@name='{EMITS}']").get('value'))
                       for element in interface.iterfind('property')},
    }


class Contract(JobdTestCase):
    def test_documented_is_what_is_there(self):
        documented = {element.get('name'): describe(element)
                      for element in ElementTree.parse(DOCUMENTED).iterfind('interface')}
        there = {}
        with RawBus(None, DIRECT) as bus:
            for path in [*OBJECTS.values(), '/org/jobd1/run']:
                text = bus.call(path, INTROSPECTABLE, 'Introspect').body[0]
                there.update({element.get('name'): describe(element)
                              for element in ElementTree.fromstring(text).iterfind('interface')
                              if element.get('name').startswith('org.jobd1.')})
        self.assertEqual(set(there), set(documented))
        for name, interface in documented.items():
            for kind, members in interface.items():
                self.assertEqual(there[name][kind], members, f'{kind} of {name}')

    def test_every_argument_has_a_name(self):
        for interface in ElementTree.parse(DOCUMENTED).iterfind('interface'):
            for arg in interface.iter('arg'):
                self.assertTrue(arg.get('name'), ElementTree.tostring(arg))

    def test_objects_are_not_listed(self):
        """There can be millions."""
        for path in '/org/jobd1', '/org/jobd1/job', '/org/jobd1/result', '/org/jobd1/queue', '/org/jobd1/schedule':
            node = ElementTree.fromstring(busctl(path, INTROSPECTABLE, 'Introspect')[0])
            self.assertLessEqual({child.get('name') for child in node.iterfind('node')}, {'job', 'queue', 'result', 'schedule'})

    def test_one_object_has_one_path(self):
        digits = OBJECTS[JOB].rsplit('/', 1)[1]
        with RawBus() as bus:
            for rest in ['job/' + digits.upper(), 'job/' + digits + '0', 'job/' + digits[:-1], 'job/' + digits + '/x',
                         'job', 'jobs/' + digits, 'result/' + digits, 'job/' + OBJECTS[RESULT].rsplit('/', 1)[1]]:
                path = '/org/jobd1/' + rest
                reply = bus.call(path, PROPERTIES, 'GetAll', 's', JOB)
                self.assertEqual(reply.error, BUS_ERROR + 'UnknownObject', path)
                self.assertIsNotNone(bus.call(path, JOB, 'Enable').error, path)


class Policy(JobdTestCase):
    def test_nobody_else_has_the_name(self):
        for user in 'dave', 'carol':
            with RawBus(user) as bus:
                for name in 'org.jobd1', 'org.jobd1.Manager':
                    reply = bus.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName', 'su', name, 0,
                                     destination='org.freedesktop.DBus')
                    self.assertEqual(reply.error, BUS_ERROR + 'AccessDenied', (user, name))

    def test_what_the_bus_lets_through(self):
        """For all but root: the interfaces of jobd, reading properties, introspection, Peer. With their names."""
        with RawBus('carol') as bus:
            for interface, member, signature, *arguments in [
                    (MANAGER, 'GetJob', 's', 'net.Back'), (PROPERTIES, 'GetAll', 's', MANAGER),
                    (PROPERTIES, 'Get', 'ss', MANAGER, 'Version'), (INTROSPECTABLE, 'Introspect', ''),
                    ('org.freedesktop.DBus.Peer', 'Ping', '')]:
                self.assertIsNone(bus.call('/org/jobd1', interface, member, signature, *arguments).error, member)
            for interface, member, signature, *arguments in [
                    (PROPERTIES, 'Set', 'ssv', MANAGER, 'Version', ('s', 'x')),
                    ('org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', ''),
                    ('org.freedesktop.LogControl1', 'Any', ''), ('org.jobd1.Run', 'Open', 's', 'x'),
                    ('org.example.Any', 'Any', ''), (None, 'GetJob', 's', 'net.Back')]:
                reply = bus.call('/org/jobd1', interface, member, signature, *arguments)
                self.assertEqual(reply.error, BUS_ERROR + 'AccessDenied', (interface, member))


class Refused(JobdTestCase):
    """By an error with a name and a sentence, for root too, whom the bus lets send anything."""

    def setUp(self):
        self.bus = RawBus()
        self.addCleanup(self.bus.close)

    def refused(self, error, path, interface, member, signature='', *arguments, text=''):
        reply = self.bus.call(path, interface, member, signature, *arguments)
        self.assertEqual(reply.error, error, (interface, member, arguments, reply))
        self.assertIn(text, reply.body[0])
        self.assertTrue(reply.body[0])

    def methods_with_options(self):
        for element in ElementTree.parse(DOCUMENTED).iterfind('interface'):
            for method in element.iterfind('method'):
                types = [arg.get('type') for arg in method.iterfind('arg') if arg.get('direction') == 'in']
                if types[-1:] == ['a{sv}'] and element.get('name') in OBJECTS:
                    yield OBJECTS[element.get('name')], element.get('name'), method.get('name'), types

    def test_options(self):
        known = {'s': 'net.Back'}
        seen = 0
        for path, interface, name, types in self.methods_with_options():
            if 'h' in types:    # a descriptor: test_objects.py
                continue
            arguments = ['' if (name, i) in {('RunJob', 1), ('Run', 0)} else known[kind]
                         for i, kind in enumerate(types[:-1])]
            signature = ''.join(types)
            self.refused(ERROR + 'InvalidOption', path, interface, name, signature, *arguments,
                         {'no_such': ('b', True)}, text="option 'no_such' is not known")
            seen += 1
        self.assertGreaterEqual(seen, 7)
        for filter, text in [({'limit': ('s', '5')}, "option 'limit' must have the type 'u'"),
                             ({'limit': ('u', 0)}, 'from 1 to 1000'), ({'limit': ('u', 1001)}, 'from 1 to 1000'),
                             ([('q', ('s', 'a')), ('q', ('s', 'b'))], "option 'q' is given twice")]:
            self.refused(ERROR + 'InvalidOption', '/org/jobd1', MANAGER, 'ListJobs', 'a{sv}', filter, text=text)
        self.refused(ERROR + 'InvalidOption', '/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}',
                     {'status': ('s', 'DONE')}, text="'DONE' is not a status")

    def test_unknown_members(self):
        for path in OBJECTS.values():
            self.refused(BUS_ERROR + 'UnknownMethod', path, 'org.jobd1.Nothing', 'Any', text='org.jobd1.Nothing.Any')
            self.refused(BUS_ERROR + 'UnknownInterface', path, None, 'GetJob', text='does not say which interface')
            self.refused(BUS_ERROR + 'UnknownMethod', path, PROPERTIES, 'Set', 'ssv', JOB, 'Enabled', ('b', True))
        self.refused(BUS_ERROR + 'UnknownMethod', '/org/jobd1', MANAGER, 'NoSuch', text='there is no method')
        self.refused(BUS_ERROR + 'UnknownProperty', '/org/jobd1', PROPERTIES, 'Get', 'ss', MANAGER, 'NoSuch')
        self.refused(BUS_ERROR + 'UnknownMethod', OBJECTS[JOB], MANAGER, 'Refresh', 'a{sv}', {})

    def test_wrong_types(self):
        for interface, path in OBJECTS.items():
            with open(DOCUMENTED, encoding='utf-8') as file:
                element = ElementTree.fromstring(file.read()).find(f"interface[@name='{interface}']")
            for method in element.iterfind('method'):
                for signature, arguments in ('u', [1]), ('ssss', ['a'] * 4), ('a{ss}', [{}]), ('v', [('s', 'a')]):
                    self.refused(BUS_ERROR + 'InvalidArgs', path, interface, method.get('name'), signature, *arguments)

    def test_names_of_errors(self):
        large, other_queue = '{"device": "' + 'x' * 70000 + '"}', {'task_queue': ('s', 'x')}
        for error, path, interface, member, signature, *arguments in [
                ('NoSuchJob', '/org/jobd1', MANAGER, 'GetJob', 's', 'no.Such'),
                ('NoSuchJob', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', '', '', {}),
                ('NoSuchJobResult', '/org/jobd1', MANAGER, 'GetJobResult', 's', 'not a UUID'),
                ('InvalidJSON', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', '{', {}),
                ('InvalidJSON', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', '[]', {}),
                ('InvalidData', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', '{"x": 1}', {}),
                ('DataTooLarge', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', large, {}),
                ('InvalidQueue', '/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', '', other_queue),
                ('InvalidField', OBJECTS[JOB], JOB, 'SetOverride', 'ss', 'no_such', '1'),
                ('InvalidValue', OBJECTS[JOB], JOB, 'SetOverride', 'ss', 'time_limit', 'long'),
                ('AlreadyFinished', OBJECTS[RESULT], RESULT, 'Cancel', 'a{sv}', {})]:
            self.refused(ERROR + error, path, interface, member, signature, *arguments)
        reply = self.bus.call('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Back', '{"x": 1, "y": 2}', {})
        self.assertEqual(set(json.loads(reply.body[0])), {'x', 'y'})


class Busctl(JobdTestCase):
    """Everything can be done with it."""

    def test_the_manual_says_how(self):
        """The call that jobd(8) gives as an example."""
        with open(MANUAL, encoding='utf-8') as file:
            text = file.read().replace('\\&', '').replace('\\\\\n', '')     # as troff reads it
        example = re.search(r'^busctl call org\.jobd1 .*', text, re.MULTILINE)[0]
        self.assertIn('network.backup.NightlyBackup', example)
        install_job('network.backup.NightlyBackup', '[Service]\nExecStart=true\n[Variable device]\nType=string\n')
        jobctl('refresh')
        jobctl('enable', 'network.backup.NightlyBackup')
        self.assertRegex(run(example).stdout, r'^so "[0-9a-f-]{36}" "/org/jobd1/result/[0-9a-f]{32}"\n$')

    def test_jobs(self):
        jobs, more = busctl('/org/jobd1', MANAGER, 'ListJobs', 'a{sv}', '2', 'q', 's', 'back', 'limit', 'u', '10')
        self.assertIn(OBJECTS[JOB], [path for path, _ in jobs])
        self.assertFalse(more)
        self.assertEqual(json.loads(busctl(OBJECTS[JOB], JOB, 'GetVariables')[0])[0]['name'], 'device')
        busctl(OBJECTS[JOB], JOB, 'SetOverride', 'ss', 'time_limit', '5min')
        self.assertEqual(jobctl_json('show', 'net.Back')['time_limit'], 300)
        busctl(OBJECTS[JOB], JOB, 'ClearOverride', 's', 'time_limit')
        busctl(OBJECTS[JOB], JOB, 'Disable')
        self.assertFalse(jobctl_json('show', 'net.Back')['enabled'])
        busctl(OBJECTS[JOB], JOB, 'Enable')
        self.assertEqual(busctl('/org/jobd1', MANAGER, 'Refresh', 'a{sv}', '0'), [[]])
        install_job('net.Gone', '[Service]\nExecStart=true\n')
        self.assertEqual(busctl('/org/jobd1', MANAGER, 'Refresh', 'a{sv}', '0')[0][0][:2], ['created', 'net.Gone'])
        busctl(busctl('/org/jobd1', MANAGER, 'GetJob', 's', 'net.Gone')[0], JOB, 'Delete')
        self.assertIn('there is no job',
                      busctl('/org/jobd1', MANAGER, 'GetJob', 's', 'net.Gone', check=False).stderr)

    def test_runs(self):
        result_id, path = busctl(OBJECTS[JOB], JOB, 'Run', 'sa{sv}', '{"device": "sw-01"}', '0')
        self.assertEqual(busctl('/org/jobd1', MANAGER, 'GetJobResult', 's', result_id), [path])
        jobctl('logs', '-f', result_id)
        self.assertEqual(busctl(path, PROPERTIES, 'Get', 'ss', RESULT, 'Status')[0]['data'], 'SUCCESS')
        results, _ = busctl('/org/jobd1', MANAGER, 'ListJobResults', 'a{sv}', '2', 'job', 's', 'net.Back', 'limit',
                            'u', '1')
        self.assertEqual(results[0][0], path)
        with RawBus() as bus:
            bus.call(path, RESULT, 'OpenLog', 'a{sv}', {'lines': ('u', 100)})
            with open(bus.fds.pop(), encoding='utf-8') as log:
                self.assertIn('backing up sw-01', [json.loads(line)['message'] for line in log])
        busctl(path, RESULT, 'Delete')
        self.assertIn('there is no job result',
                      busctl('/org/jobd1', MANAGER, 'GetJobResult', 's', result_id, check=False).stderr)

    def test_cancel(self):
        result_id, path = busctl('/org/jobd1', MANAGER, 'RunJob', 'ssa{sv}', 'net.Long', '', '0')
        self.assertIn('has not ended', busctl(path, RESULT, 'Delete', check=False).stderr)
        busctl(path, RESULT, 'Cancel', 'a{sv}', '1', 'kill', 'b', 'true')
        jobctl('logs', '-f', result_id)
        self.assertOutcome(result_id, 'REVOKED')


if __name__ == '__main__':
    unittest.main()
