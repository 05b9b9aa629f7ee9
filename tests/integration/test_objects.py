# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""Variables of objects: those of the host, those of an inventory; found at the request and again at the start."""
import contextlib
import grp
import json
import os
import pwd
import shutil
import uuid

from classes import (GATE, START, VENDOR, ClassesTestCase, open_gate, refresh, start_run, wait_end, wait_started,
                     write)
from harness import (TIMEOUT, JobdTestCase, dialogue, install_job, jobctl, jobctl_json, journal_cursor, journal_wait,
                     kill_jobd, run, start, unit_properties)
from raw_bus import RawBus

DENIED = '59a068bf972f45e28d734d07c3c54376'

INVENTORY = '/etc/jobd/objects'
RACKS = [{'id': 'r1', 'site': 'fra', 'driver': {'name': 'ios'}, 'tags': ['core', 'lab']},
         {'id': 'r2', 'site': 'fra', 'driver': {'name': 'junos'}, 'tags': []},
         {'id': 'r3 $(id) %n "', 'site': 'ber', 'driver': {'name': 'ios'}, 'tags': ['lab']}]
MANAGER = ('/org/jobd1', 'org.jobd1.Manager')

# The job says what it was given, and what its environment has of it.
SAY = '''
[Service]
ExecStart=sh -c 'jobd-job result "$$(cat $$CREDENTIALS_DIRECTORY/job-data)"; env | grep ^JOB_VAR_ | sort'
'''
PLAIN = '[Job]\nHasSensitiveVariables=no\n'
JOBS = {
    'objects.Unit': PLAIN + '[Variable v]\nType=object\nModel=systemd.unit\n' + SAY,
    'objects.User': PLAIN + '[Variable v]\nType=object\nModel=user\nQueryParams={"uid__gte": 2000}\n' + SAY,
    'objects.Users': PLAIN + '[Variable v]\nType=multiobject\nModel=user\nRequired=no\n' + SAY,
    'objects.Rack': PLAIN + '[Variable v]\nType=object\nModel=racks\n' + SAY,
    'objects.Narrow': PLAIN + '[Variable site]\nType=string\nRequired=no\n'
                      '[Variable v]\nType=object\nModel=racks\nQueryParams={"site": "$site"}\n' + SAY,
    'objects.Default': PLAIN + '[Variable v]\nType=object\nModel=racks\nDefault=r2\n' + SAY,
    'objects.Secret': PLAIN + '[Variable v]\nType=object\nModel=racks\nSensitive=yes\n' + SAY,
    'objects.Imported': PLAIN + '[Variable v]\nType=object\nModel=switches\n' + SAY,
    'objects.Missing': PLAIN + '[Variable v]\nType=object\nModel=nowhere\n' + SAY,
    'objects.Gate': GATE,
    'objects.Pre': PLAIN + '[Variable v]\nType=object\nModel=racks\n' + GATE.replace('ExecStart=', 'ExecStartPre=') +
                   SAY.replace('[Service]\n', ''),
}


def define(model, objects):
    write(f'{INVENTORY}/{model}.json', objects if isinstance(objects, str) else json.dumps(objects))


def setUpModule():
    for class_path, text in JOBS.items():
        install_job(class_path, text)
    define('racks', RACKS)
    jobctl('refresh')
    jobctl('enable', *JOBS)


def listed(model, query='', user=None):
    return jobctl_json('objects', 'list', model, *([json.dumps(query)] if query else []), user=user)


class Objects(JobdTestCase):
    def run_with(self, job, value, user='alice', **fields):
        """Runs a job to its good end; what it was given, and its environment."""
        result_id = jobctl_json('run', job, '--data', json.dumps({'v': value, **fields}), user=user)['id']
        result = self.assertOutcome(result_id, 'SUCCESS')
        lines = run(['journalctl', '--output=cat', f'_SYSTEMD_UNIT=jobd-run-{result_id}.service']).stdout
        return result, dict(line.split('=', 1) for line in lines.splitlines() if line.startswith('JOB_VAR_'))

    def refused(self, job, value, user='alice', **fields):
        done = jobctl('--json', 'run', job, '--data', json.dumps({'v': value, **fields}), user=user, check=False)
        self.assertEqual(done.returncode, 4, done)
        return done.stderr

    def assertRefused(self, job, value, *texts, **fields):
        words = self.refused(job, value, **fields)
        for text in texts:
            self.assertIn(text, words)


class Host(Objects):
    def test_unit(self):
        result, environment = self.run_with('objects.Unit', 'dbus.service')
        facts = unit_properties('dbus.service')
        self.assertEqual(result['result']['v'], {
            'name': 'dbus.service', 'description': facts['Description'], 'type': 'service',
            'load_state': facts['LoadState'], 'active_state': facts['ActiveState'], 'sub_state': facts['SubState']})
        self.assertEqual(environment, {'JOB_VAR_v': 'dbus.service'})
        self.assertEqual(result['task_kwargs'], {'v': 'dbus.service'})

    def test_unit_that_is_not_loaded(self):
        write('/etc/systemd/system/quiet.service', '[Service]\nExecStart=true\n')
        run('systemctl daemon-reload')
        self.assertEqual(listed('systemd.unit', {'name__startswith': 'quiet'}), [])
        self.assertEqual(self.run_with('objects.Unit', 'quiet.service')[0]['result']['v']['active_state'], 'inactive')
        for name in ('no-such.service', '../../etc/passwd', 'a b', '-', '%n', 'x' * 300 + '.service'):
            with self.subTest(name=name):
                self.assertRefused('objects.Unit', name, 'Failed to find requested objects for var v: ')

    def test_user(self):
        result, environment = self.run_with('objects.User', {'groups': 'jobd-approve'})
        entry = pwd.getpwnam('bob')
        groups = [grp.getgrgid(number).gr_name for number in os.getgrouplist('bob', entry.pw_gid)]
        user = result['result']['v']
        self.assertEqual(sorted(user.pop('groups')), sorted(groups))
        self.assertEqual(user, {'name': 'bob', 'uid': entry.pw_uid, 'gid': entry.pw_gid, 'gecos': entry.pw_gecos,
                                'home': entry.pw_dir, 'shell': entry.pw_shell})
        self.assertEqual((environment, result['task_kwargs']), ({'JOB_VAR_v': 'bob'}, {'v': 'bob'}))
        self.assertRefused('objects.User', 'root', 'Select a valid choice.')

    def test_several_users(self):
        result, environment = self.run_with('objects.Users', {'uid__gte': 2001, 'uid__lt': 2004})
        self.assertEqual([user['name'] for user in result['result']['v']], ['alice', 'bob', 'carol'])
        self.assertEqual(environment, {'JOB_VAR_v': '["alice","bob","carol"]'})
        self.assertEqual(result['task_kwargs'], {'v': ['alice', 'bob', 'carol']})
        result, _ = self.run_with('objects.Users', ['dave', {'uid': 0}])
        self.assertEqual([user['name'] for user in result['result']['v']], ['dave', 'root'])
        self.assertEqual(self.run_with('objects.Users', {'uid': 4711})[0]['result'], {'v': []})
        self.assertRefused('objects.Users', ['eve', 'bob', 'mallory'],
                           'Failed to find requested objects for var v: ["eve","mallory"]')

    def test_the_other_models(self):
        groups = {group['name']: group for group in listed('group')}
        self.assertEqual(groups['jobd-run'], {'name': 'jobd-run', 'gid': grp.getgrnam('jobd-run').gr_gid,
                                              'members': ['alice']})
        [loopback] = listed('network.interface', {'name': 'lo'})
        self.assertEqual({key: loopback[key] for key in ('index', 'type', 'address')},
                         {'index': 1, 'type': 'loopback', 'address': '00:00:00:00:00:00'})
        mounts = json.loads(run('findmnt --json --list --output TARGET,FSTYPE').stdout)['filesystems']
        found = {mount['mount_point']: mount['fstype'] for mount in listed('mount')}
        self.assertEqual(found['/proc'], 'proc')
        self.assertLessEqual({(mount['target'], mount['fstype']) for mount in mounts if mount['target'] == '/'},
                             set(found.items()))
        for device in listed('block.device'):
            with open(f'/sys/class/block/{device["name"]}/size', encoding='ascii') as file:
                self.assertEqual(device['size'], int(file.read()) * 512)

    def test_queries(self):
        self.assertRefused('objects.Unit', {'name__startswith': 'dbus.'}, '2 objects of model "systemd.unit" fit '
                           '{"name__startswith":"dbus."}, it must be exactly one.')
        self.assertRefused('objects.Unit', {'name': 'nothing'}, 'No object of model "systemd.unit" fits')
        self.assertRefused('objects.Unit', {'colour': 1}, 'there is no field "colour"; there are active_state, ')
        self.assertRefused('objects.Unit', {'name__like': 1}, 'there is no lookup "like"; the lookups are exact, ')
        self.assertRefused('objects.Unit', 5, 'Enter a primary key, or an object of field lookups.')

    def test_command_line(self):
        lines = jobctl('run', 'objects.Unit', '--var', 'v={"name": "dbus.service"}', user='alice').stdout
        self.assertIn('JOB_VAR_v=dbus.service', lines)
        shown = jobctl_json('show', '--variables', 'objects.User')['variables']
        self.assertEqual([(v['model'], v['primary_key'], v['query_params']) for v in shown],
                         [('user', 'name', {'uid__gte': 2000})])

    def test_on_a_terminal(self):
        status, shown = dialogue(['jobctl', 'run', 'objects.User'], ('1) alice', None), ('v (object): ', 'eve\n'),
                                 ('There is no object "eve" to choose.', None), ('v (object): ', '2\n'), user='alice')
        self.assertEqual(status, 0, shown)
        self.assertIn('JOB_VAR_v=bob', shown)
        # too many to be shown
        status, shown = dialogue(['jobctl', 'run', 'objects.Unit'], ('v (object): ', 'nothing.service\n'),
                                 ('There is no object', None), ('v (object): ', 'dbus.service\n'), user='alice')
        self.assertEqual(status, 0, shown)
        self.assertNotIn('1)', shown)


class Inventory(Objects):
    def tearDown(self):
        define('racks', RACKS)

    def test_file(self):
        for rack in RACKS:
            result, environment = self.run_with('objects.Rack', rack['id'])
            self.assertEqual(result['result'], {'v': rack})
            self.assertEqual(environment, {'JOB_VAR_v': rack['id']})
        self.assertEqual(self.run_with('objects.Rack', {'driver__name__in': ['ios'], 'site': 'fra'})[0]['result']['v'],
                         RACKS[0])
        self.assertEqual(self.run_with('objects.Rack', {'tags__isnull': True})[0]['result']['v'], RACKS[1])
        self.assertEqual(listed('racks', {'tags': 'lab'}), [RACKS[0], RACKS[2]])

    def test_a_change_holds_at_once(self):
        self.assertRefused('objects.Rack', 'new', 'Failed to find requested objects for var v: ["new"]')
        define('racks', RACKS + [{'id': 'new'}])
        self.assertEqual(self.run_with('objects.Rack', 'new')[0]['result'], {'v': {'id': 'new'}})

    def test_other_variable(self):
        self.assertEqual(self.run_with('objects.Narrow', {}, site='ber')[0]['result']['v'], RACKS[2])
        self.assertEqual(self.run_with('objects.Narrow', 'r1')[0]['result']['v'], RACKS[0])
        self.assertRefused('objects.Narrow', 'r1', 'Select a valid choice.', site='ber')
        self.assertRefused('objects.Narrow', {}, '2 objects', site='fra')

    def test_default(self):
        result_id = jobctl_json('run', 'objects.Default', user='alice')['id']
        self.assertOutcome(result_id, 'SUCCESS', result={'v': RACKS[1]}, task_kwargs={'v': 'r2'})

    def test_run_again(self):
        result_id = self.run_with('objects.Rack', {'tags': 'core'})[0]['id']
        again = jobctl_json('run', '--from', result_id, user='alice')['id']
        self.assertOutcome(again, 'SUCCESS', result={'v': RACKS[0]}, task_kwargs={'v': 'r1'})

    def test_sensitive(self):
        result, environment = self.run_with('objects.Secret', {'site': 'ber'})
        self.assertEqual((result['result'], environment, result['task_kwargs']), ({'v': RACKS[2]}, {}, {}))
        for value in ('hunter2', {'id': 'hunter2'}, {'hunter2': 1}):
            words = self.refused('objects.Secret', value)
            self.assertNotIn('hunter2', words)
            self.assertIn('\n  v  ', words)

    def test_a_broken_file(self):
        for text, problem in (('[{"id": 1}]', 'object 1: "id" is not a string'), ('{}', 'not a list of objects'),
                              ('[{"id": "a"}, {"id": "a"}]', 'object 2 has the "id" of another one'),
                              ('[{"id": "a"', 'line 1, column'), ('[1]', 'element 1 of the list is not an object'),
                              ('[{"id": "a", "x": %s1%s}]' % ('[' * 24, ']' * 24), 'nested more than 24 levels'),
                              ('[]' + ' ' * 16 * 1024 * 1024, 'has more than 16777216 bytes')):
            with self.subTest(text=text[:40]):
                define('racks', text)
                report, status = refresh()
                self.assertEqual(status, 1)
                [(action, message)] = report['']
                self.assertEqual(action, 'refused')
                self.assertIn(problem, message)
                self.assertRefused('objects.Rack', 'r1', "the objects of model 'racks' cannot be read: "
                                   '/etc/jobd/objects/racks.json: ')
        self.assertEqual(jobctl_json('objects', 'models')[-1], {'name': 'racks', 'source': f'{INVENTORY}/racks.json',
                                                                'count': None})

    def test_who_may_have_written_it(self):
        path = f'{INVENTORY}/racks.json'
        os.chmod(path, 0o664)
        self.assertRefused('objects.Rack', 'r1', 'can be written by group or others (mode 0664), so it is not read')
        os.chmod(path, 0o644)
        shutil.chown(path, 'alice')
        self.assertRefused('objects.Rack', 'r1', 'belongs to uid 2001 instead of root, so it is not read')
        shutil.chown(path, 'root')
        os.unlink(path)
        os.mkfifo(path, 0o644)      # nobody may wait for who writes it
        self.assertRefused('objects.Rack', 'r1', 'is not a regular file')
        os.unlink(path)

    def test_no_such_model(self):
        self.assertRefused('objects.Missing', 'x', "there is no model 'nowhere': define it in "
                           '/etc/jobd/objects/nowhere.json or by')
        self.assertFails(['jobctl', 'objects', 'list', '../racks'], 'there is no model of that name', status=4)

    def test_names_of_files(self):
        for name in ('user.json', 'Racks.json', 'a b.json'):
            write(f'{INVENTORY}/{name}', '[]')
            self.addCleanup(os.unlink, f'{INVENTORY}/{name}')
        report, _ = refresh()
        self.assertEqual(len([message for action, message in report[''] if action == 'refused']), 3)
        self.assertNotEqual(listed('user'), [])

    def test_pages(self):
        define('many', [{'id': f'{n:05}'} for n in range(2500)])
        self.addCleanup(os.unlink, f'{INVENTORY}/many.json')
        self.assertEqual([o['id'] for o in listed('many')], [f'{n:05}' for n in range(2500)])
        with RawBus('alice') as bus:
            def page(**options):
                options = [(name, ('u', value)) for name, value in options.items()]
                return bus.call(*MANAGER, 'ListObjects', 'ssa{sv}', 'many', '', options)
            objects, more = page(limit=2, offset=2498).body
            self.assertEqual(([o['id'] for o in json.loads(objects)], bool(more)), (['02498', '02499'], False))
            self.assertTrue(page().body[1])
            for options in ({'limit': 0}, {'limit': 1001}, {'colour': 1}):
                self.assertEqual(page(**options).error, 'org.jobd1.Error.InvalidOption')
            self.assertEqual(bus.call(*MANAGER, 'ListObjects', 'ssa{sv}', 'many', '[]', []).error,
                             'org.jobd1.Error.InvalidQuery')


    def test_what_takes_too_long(self):
        """It is refused, and nobody else has to wait for it: not 1000 values in each of a million places."""
        define('long', [{'id': f'o{i}', 'tags': ['x'] * 100} for i in range(10000)])
        self.addCleanup(os.unlink, f'{INVENTORY}/long.json')
        with RawBus('alice') as bus:
            def ask(query):
                return bus.call(*MANAGER, 'ListObjects', 'ssa{sv}', 'long', json.dumps(query), [])
            self.assertIsNone(ask({'tags__in': [f'y{i}' for i in range(1000)]}).error)
            reply = ask({'tags__in': ['x', *range(999)], **{f'tags__{lookup}': 'x' for lookup in (
                'contains', 'icontains', 'startswith', 'iendswith')}, 'id__in': [None, True, False] * 333})
            self.assertEqual(reply.error, 'org.jobd1.Error.InvalidQuery')
            self.assertIn('too many comparisons', reply.body[0])


class Import(Objects):
    def setUp(self):
        self.counts([], '--prune')

    @staticmethod
    def stored():
        """A model of which nothing is stored is none."""
        names = [model['name'] for model in jobctl_json('objects', 'models')]
        return listed('switches') if 'switches' in names else []

    def counts(self, objects, *options, user=None):
        path = write('/tmp/import.json', objects if isinstance(objects, str) else json.dumps(objects))
        return jobctl_json('objects', 'import', 'switches', path, *options, user=user)

    def assertCounts(self, counts, created=0, updated=0, deleted=0, unchanged=0):
        self.assertEqual(counts, {'created': created, 'updated': updated, 'deleted': deleted, 'unchanged': unchanged})

    def test_it(self):
        first, second = str(uuid.uuid4()), str(uuid.uuid4())
        self.assertCounts(self.counts([{'id': first.upper(), 'n': 1}, {'id': second.replace('-', '')}, {'n': 3}],
                                      user='carol'), created=3)
        self.assertEqual(len({str(uuid.UUID(o['id'])) for o in listed('switches')}), 3)
        self.assertEqual(self.run_with('objects.Imported', first)[0]['result'], {'v': {'id': first, 'n': 1}})
        self.assertCounts(self.counts([{'id': first, 'n': 1}, {'id': second, 'n': 2}]), updated=1, unchanged=1)
        kill_jobd()
        self.assertEqual(len(listed('switches')), 3)
        self.assertCounts(self.counts([{'id': second, 'n': 5}], '--prune', '--dry-run'), updated=1, deleted=2)
        self.assertEqual(listed('switches', {'id': second}), [{'id': second, 'n': 2}])
        self.assertCounts(self.counts([{'id': second, 'n': 5}], '--prune'), updated=1, deleted=2)
        self.assertEqual(listed('switches'), [{'id': second, 'n': 5}])
        self.assertIn({'name': 'switches', 'source': 'store', 'count': 1}, jobctl_json('objects', 'models'))

    def test_all_or_nothing(self):
        known = str(uuid.uuid4())
        self.counts([{'id': known}])
        for text, problem in (('[{}, {"id": "x"}]', 'object 2: "id" is not a UUID'),
                              ('[{}, 1]', 'element 2 of the list'),
                              (json.dumps([{'id': known, 'n': 1}, {'id': known.upper()}]), 'object 2 has the "id"'),
                              ('[{}', 'line 1, column'), ('{}', 'not a list of objects'), ('', 'line 1'),
                              (' ' * (16 * 1024 * 1024 + 1), 'has more than 16777216 bytes'),
                              ('[' + '{},' * 100000 + '{}]', '100001 objects; a model has at most 100000')):
            with self.subTest(text=text[:40]):
                write('/tmp/import.json', text)
                self.assertFails(['jobctl', 'objects', 'import', 'switches', '/tmp/import.json', '--prune'], problem,
                                 status=4)
                self.assertEqual(listed('switches'), [{'id': known}])

    def test_many(self):
        self.assertCounts(self.counts([{'n': n} for n in range(20000)]), created=20000)
        self.assertEqual(len(listed('switches', {'n__lt': 10})), 10)
        self.assertCounts(self.counts([], '--prune'), deleted=20000)

    def test_a_file_goes_before(self):
        self.counts([{'n': 1}])
        define('switches', [{'id': 'mine'}])
        self.addCleanup(os.unlink, f'{INVENTORY}/switches.json')
        self.assertEqual(listed('switches'), [{'id': 'mine'}])
        for model in ('switches', 'user'):
            self.assertFails(['jobctl', 'objects', 'import', model, '/tmp/import.json'], f"model '{model}' is",
                             status=4)
        os.unlink(f'{INVENTORY}/switches.json')
        self.assertEqual(listed('switches')[0]['n'], 1)
        define('switches', [])

    def test_what_is_no_sealed_memory_file(self):
        def attempt(fd):
            with RawBus() as bus:
                return bus.call(*MANAGER, 'ImportObjects', 'sha{sv}', 'switches', 0, [], fds=[fd]).error
        reader, writer = os.pipe()      # nobody writes into it
        memory = os.memfd_create('objects', os.MFD_ALLOW_SEALING)
        os.write(memory, b'[{}]')
        with open('/tmp/import.json', 'rb') as file:
            for fd in (reader, file.fileno(), memory):
                self.assertEqual(attempt(fd), 'org.jobd1.Error.InvalidFile')
        for fd in (reader, writer, memory):
            os.close(fd)
        self.assertEqual(self.stored(), [])

    def test_system_job(self):
        job = 'jobd.ObjectsImport'
        record = jobctl_json('show', job)
        self.assertEqual([record[key] for key in ('name', 'system', 'enabled', 'supports_dryrun')],
                         ['Objects Import', True, True, True])
        write('/tmp/import.json', '[{"n": 1}, {"n": 2}]')
        data = {'model': 'switches', 'path': '/tmp/import.json'}
        done = jobctl('--json', 'run', job, '--data', json.dumps(data), user='alice', check=False)
        self.assertOutcome(json.loads(done.stdout)['id'], 'FAILURE')
        self.assertEqual(self.stored(), [])
        for more, expected in (({'dryrun': True}, 0), ({}, 2), ({'prune': True}, 2)):
            result_id = jobctl_json('run', job, '--data', json.dumps({**data, **more}), user='carol')['id']
            self.assertEqual(self.assertOutcome(result_id, 'SUCCESS')['result']['created'], 2)
            self.assertEqual(len(self.stored()), expected)


class Permissions(Objects):
    def test_who_may(self):
        for user in ('alice', 'bob', 'carol'):
            self.assertEqual(len(listed('racks', user=user)), 3)
        self.assertFails(['jobctl', '--no-ask-password', 'objects', 'list', 'racks'],
                         "not authorised to view objects of model 'racks'", 'org.jobd1.view-object', status=4,
                         user='dave')
        self.assertFails(['jobctl', '--no-ask-password', 'objects', 'models'], 'org.jobd1.view-object', status=4,
                         user='dave')
        path = write('/tmp/import.json', '[]')
        for user in ('alice', 'bob', 'dave'):
            self.assertFails(['jobctl', '--no-ask-password', 'objects', 'import', 'switches', path],
                             'org.jobd1.change-object', status=4, user=user)
        self.assertFails(['jobctl', 'objects', 'import', 'switches', path, '--username=root'],
                         "option 'username' is for root", status=4, user='carol')
        cursor = journal_cursor()
        self.assertFails(['jobctl', 'objects', 'import', 'switches', path, '--username=alice'],
                         'User "alice" does not have permission', status=4)
        denied = journal_wait(f'MESSAGE_ID={DENIED}', 'JOB_CALLER=alice', since=cursor)
        self.assertEqual((denied['MESSAGE'], denied['JOB_ACTION']),
                         ('Denied alice to change objects of model switches', 'org.jobd1.change-object'))

    def test_the_socket_is_roots(self):
        done = run(['python3', '-c', "import socket; socket.socket(socket.AF_UNIX).connect('/run/jobd/objects.sock')"],
                   user='carol', check=False)
        self.assertIn('PermissionError', done.stderr)


@contextlib.contextmanager
def program(command):
    """In the place of jobd-objects."""
    path = write('/run/systemd/system/jobd-objects@.service.d/test.conf',
                 f'[Service]\nExecStart=\nExecStart={command}\nRuntimeMaxSec=60\n')
    run('systemctl daemon-reload')
    try:
        yield
    finally:
        os.unlink(path)
        run('systemctl daemon-reload')


class Trouble(Objects):
    def test_it_hangs(self):
        with program('sleep 50'):
            process = start(['jobctl', 'run', 'objects.Unit', '--var', 'v=dbus.service'], user='alice')
            self.assertEqual(len(listed('racks')), 3)       # others go on
            self.assertEqual(self.run_with('objects.Rack', 'r1', user='alice')[0]['status'], 'SUCCESS')
            self.assertIsNone(process.poll())
            _, words = process.communicate(timeout=TIMEOUT)
            self.assertEqual(process.returncode, 4)
            self.assertIn("the objects of model 'systemd.unit' cannot be read: jobd-objects has not answered for 5 "
                          "seconds", words)
            with RawBus('alice') as bus:
                reply = bus.call(*MANAGER, 'RunJob', 'ssa{sv}', 'objects.Unit', '{"v": "dbus.service"}', [])
                self.assertEqual(reply.error, 'org.jobd1.Error.ObjectsUnavailable')

    def test_wrong_answers(self):
        for answer, words in (('', 'has ended without an answer'), ('{}', 'cannot be understood'),
                              ('{"objects": {}, "errors": {}}', 'does not say why'),
                              ('{"objects": {}, "errors": {"systemd.unit": "no luck"}}', 'no luck'),
                              (' ' * 17000000, 'more than 16 MiB')):
            write('/run/answer', answer)
            with self.subTest(answer=answer[:60]), program('sh -c "read question; cat /run/answer"'):
                self.assertRefused('objects.Unit', 'dbus.service', words)
                self.assertFails(['jobctl', 'objects', 'list', 'systemd.unit'], words, status=4)

    def test_no_socket(self):
        run('systemctl stop jobd-objects.socket')
        self.addCleanup(run, 'systemctl start jobd-objects.socket')
        self.assertRefused('objects.Unit', 'dbus.service', 'cannot be reached on its socket',
                           'systemctl status jobd-objects.socket')

    def test_calls_that_wait_are_limited(self):
        with program('sleep 50'), RawBus('alice') as bus:
            serials = [bus.call_later(*MANAGER, 'ListObjects', 'ssa{sv}', 'user', '', []) for _ in range(40)]
            errors = [bus.reply_to(serial).error for serial in serials[32:]]
            self.assertEqual(set(errors), {'org.freedesktop.DBus.Error.LimitsExceeded'})
            self.assertEqual(len(listed('racks', user='bob')), 3)


class AtStart(Objects):
    """A run that waits for a place, while the world changes."""
    def setUp(self):
        self.configure('MaxRunning=1\n')
        self.blocker = start_run('objects.Gate')
        wait_started(self.blocker)

    def tearDown(self):
        define('racks', RACKS)
        self.configure('')

    @staticmethod
    def configure(text):
        write('/etc/jobd/jobd.conf.d/50-objects.conf', '[Jobd]\n' + text)
        run('systemctl restart jobd.service')

    def go(self):
        open_gate(self.blocker)
        wait_end(self.blocker)

    def test_as_it_is_then(self):
        result_id = start_run('objects.Rack', '--var', 'v=r1')
        changed = {**RACKS[0], 'site': 'moved'}
        define('racks', [changed])
        self.go()
        wait_end(result_id)
        self.assertOutcome(result_id, 'SUCCESS', result={'v': changed})

    def test_gone(self):
        result_id = start_run('objects.Rack', '--var', 'v=r1')
        define('racks', RACKS[1:])
        self.go()
        wait_end(result_id)
        result = self.assertOutcome(result_id, 'FAILURE', reason='not-runnable')
        self.assertIn('Failed to find requested objects for var v: ["r1"]', str(result))

    def test_broken(self):
        result_id = start_run('objects.Rack', '--var', 'v=r1')
        define('racks', '[')
        self.go()
        wait_end(result_id)
        result = self.assertOutcome(result_id, 'FAILURE', reason='not-runnable')
        self.assertIn('/etc/jobd/objects/racks.json: ', json.dumps(result))

    def test_it_hangs(self):
        result_id = start_run('objects.Unit', '--var', 'v=dbus.service')
        with program('sleep 50'):
            self.go()
            wait_end(result_id)
        result = self.assertOutcome(result_id, 'FAILURE', reason='not-runnable')
        self.assertIn('has not answered for 5 seconds', json.dumps(result))

    def waiting(self):
        """A run that waits for its objects: jobd-objects was asked, and does not answer."""
        result_id = start_run('objects.Unit', '--var', 'v=dbus.service')
        os.mkfifo('/run/asked')
        self.addCleanup(os.unlink, '/run/asked')
        os.chmod('/run/asked', 0o666)
        with program('sh -c "echo asked > /run/asked; sleep 50"'):
            self.go()
            with open('/run/asked', encoding='ascii') as fifo:
                self.assertEqual(fifo.read(), 'asked\n')
            yield result_id

    def test_cancel(self):
        for result_id in self.waiting():
            jobctl('cancel', result_id, user='alice')
            wait_end(result_id)
            self.assertOutcome(result_id, 'REVOKED', exit_code=None)

    def test_killed_before_the_input_was_read(self):
        """Each starter of a run fetches the input anew: what a new jobd knows of it are the primary keys."""
        self.go()
        for answer, status in (('r1', 'SUCCESS'), ('gone', 'FAILURE')):
            with self.subTest(answer=answer):
                define('racks', RACKS + [{'id': 'gone'}])
                result_id = start_run('objects.Pre', '--var', f'v={answer}')
                journal_wait(f'_SYSTEMD_UNIT=jobd-run-{result_id}.service', 'MESSAGE=before', since=START)
                define('racks', RACKS)
                kill_jobd()
                run('systemctl start jobd.service')
                open_gate(result_id)
                wait_end(result_id)
                result = self.assertOutcome(result_id, status)
                if status == 'SUCCESS':
                    self.assertEqual(result['result'], {'v': RACKS[0]})
                else:
                    self.assertIn('Failed to find requested objects for var v: ["gone"]', str(result))

    def test_jobd_is_killed(self):
        for result_id in self.waiting():
            kill_jobd()
        run('systemctl start jobd.service')
        wait_end(result_id)
        self.assertEqual(self.assertOutcome(result_id, 'SUCCESS')['result']['v']['name'], 'dbus.service')


class ClassErrors(ClassesTestCase):
    def test_refused_classes(self):
        for name, text, words in (
                ('NoModel', '[Variable v]\nType=object\n', 'Model=: Type=object must specify a Model='),
                ('BadModel', '[Variable v]\nType=object\nModel=../x\n', 'Model=: not the name of a model'),
                ('Query', '[Variable v]\nType=object\nModel=user\nDefault={"name":"root"}\n', 'Default=: a query'),
                ('Nobody', '[Variable v]\nType=object\nModel=user\nQueryParams={"uid":"$w"}\n',
                 'there is no [Variable w]'),
                ('Itself', '[Variable v]\nType=object\nModel=user\nQueryParams={"uid":"$v"}\n',
                 'is the variable itself'),
                ('Circle', '[Variable v]\nType=object\nModel=user\nQueryParams={"uid":"$w"}\n'
                           '[Variable w]\nDependsOn=v\n', 'ends in a circle'),
                ('NotJson', '[Variable v]\nType=object\nModel=user\nQueryParams=uid\n', 'not a JSON object')):
            with self.subTest(name=name):
                path = install_job(f'wrong.{name}', text + '[Service]\nExecStart=true\n')
                report, status = refresh()
                self.assertEqual(status, 1)
                self.assertIn(words, report[f'wrong.{name}'][0][1])
                os.unlink(path)
        self.assertTrue(os.path.isdir(VENDOR))
