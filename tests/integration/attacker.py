# SPDX-License-Identifier: LGPL-2.1-or-later
"""What somebody who looks for a secret would look at: every file of the system, every process, every answer.

    found = search(secret, another)                                   # files, processes, the journal, units
    found += answers([secret, another], schedules=[...], results=[...], jobs=[...])

In the clear, and as Base64, in hexadecimal digits and with the escapes of JSON and URLs.
"""
import base64
import glob
import json
import os
import shlex
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

from harness import jobctl, run
from raw_bus import RawBus
from rest import curl

START = time.time()
NOT_FILES = {'proc', 'sysfs', 'cgroup', 'cgroup2', 'devpts', 'mqueue', 'bpf', 'tracefs', 'debugfs', 'securityfs', 'pstore'}
WRITTEN = '/etc', '/home', '/root', '/srv', '/var'
INTERFACES = 'org.freedesktop.DBus.Introspectable', 'org.freedesktop.DBus.Properties'


def forms(secret):
    """All forms in which a text could have been left."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), plain.hex().upper().encode(), json.dumps(secret)[1:-1].encode(),
             ''.join(f'\\u{ord(c):04x}' for c in secret).encode(), urllib.parse.quote(secret).encode(),
             ''.join(f'\\x{byte:02x}' for byte in plain).encode(), plain.decode().encode('utf-16-le')}
    for before in range(3):     # wherever it stands in what was encoded
        for encode in base64.b64encode, base64.urlsafe_b64encode:
            start, end = (before * 8 + 5) // 6, (before + len(plain)) * 8 // 6
            found.add(encode(bytes(before) + plain)[start:end])
    return found


class Pattern:
    def __init__(self, secrets):
        self.forms = {form for secret in secrets for form in forms(secret)}

    def is_in(self, data):
        data = data if isinstance(data, bytes) else data.encode(errors='replace')
        return any(form in data for form in self.forms)


def mounts():
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        for line in file:
            words = line.split()
            if words[words.index('-') + 1] not in NOT_FILES and os.path.isdir(words[4]):
                yield words[4]


def new_files(everywhere=False):
    """Whatever was written since these tests began; but for what a run that lasts was given itself.

    Of all mounts, but of the root only what programs write to, unless it is to be everywhere.
    """
    places = sorted(set(mounts()) - ({'/'} if not everywhere else set()))
    paths = run(['find', *places, *(place for place in WRITTEN if os.path.isdir(place)), '-xdev', '-type', 'f', '-newerct', f'@{START - 1:.0f}', '-print0'],
                check=False).stdout.split('\0')
    return sorted({path for path in paths if path and not path.startswith('/run/credentials/jobd-run-')})


def contents(path):
    try:
        with open(path, 'rb') as file:
            return file.read()
    except OSError:     # a process that has ended
        return b''


def search(*secrets, everywhere=False):
    """Where one of them is."""
    pattern = Pattern(secrets)
    run(['journalctl', '--sync'])
    places = {'journal': run(['journalctl', '--all', '--output=export']).stdout,
              'units': run(['systemctl', 'show', '--all', '*']).stdout,
              'jobs of systemd': run(['systemctl', 'list-jobs']).stdout}
    processes = [path for kind in ('cmdline', 'environ') for path in glob.glob(f'/proc/[0-9]*/{kind}')]
    return ([place for place, text in places.items() if pattern.is_in(text)]
            + [path for path in [*processes, *new_files(everywhere)]
               if pattern.is_in(contents(path))])


def object_properties(bus, path):
    """Of every interface of an object, as whoever is connected is told."""
    introspection = bus.call(path, INTERFACES[0], 'Introspect', destination='org.jobd1')
    if introspection.error:
        return str(introspection.body)
    node = ElementTree.fromstring(introspection.body[0])
    return ''.join(str(bus.call(path, INTERFACES[1], 'GetAll', 's', interface.get('name'), destination='org.jobd1').body)
                   for interface in node.iterfind('interface'))


def dump(kind, reference):
    return f'/org/jobd1/{kind}/{reference.replace("-", "")}'


def bus_answers(user, schedules, results):
    with RawBus(user) as bus:
        yield 'properties', ''.join(object_properties(bus, path) for path in (
            ['/org/jobd1', *(dump('schedule', s) for s in schedules), *(dump('result', r) for r in results)]))
        yield 'GetRequest', ''.join(str(bus.call(dump('schedule', s), 'org.jobd1.ScheduledJob', 'GetRequest').body)
                                    for s in schedules)
        for method in 'ListScheduledJobs', 'ListJobResults', 'ListJobs':
            yield method, str(bus.call('/org/jobd1', 'org.jobd1.Manager', method, 'a{sv}', {}).body)


def program_answers(user, schedules, results, jobs):
    verbs = [['schedules', '--all'], ['results'], ['approvals'], *(['schedule', 'show', s] for s in schedules),
             *(['result', r] for r in results), *(['show', '-v', j] for j in jobs)]
    for verb in verbs:
        done = run(f'jobctl {shlex.join(verb)}; jobctl --json {shlex.join(verb)}', user=user, check=False)
        yield 'jobctl ' + ' '.join(verb), done.stdout + done.stderr
    yield 'jobctl logs', ''.join(jobctl('logs', r, user=user, check=False).stdout for r in results)
    for path in ('scheduled-jobs/', 'job-results/', 'jobs/', *(f'scheduled-jobs/{s}/' for s in schedules),
                 *(f'scheduled-jobs/{s}/request/' for s in schedules), *(f'job-results/{r}/' for r in results),
                 *(f'job-results/{r}/logs/' for r in results)):
        yield 'REST ' + path, curl('/api/extras/' + path, user=user).body


def answers(secrets, schedules=(), results=(), jobs=(), users=(None,)):
    """What jobd tells of one of them, and to whom."""
    pattern = Pattern(secrets)
    return [f'{place} for {user or "root"}' for user in users
            for place, text in [*bus_answers(user or 'root', schedules, results),
                                *program_answers(user, schedules, results, jobs)]
            if pattern.is_in(text)]
