# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of job queues, singletons and retries share."""
import time

from harness import TIMEOUT, jobctl_json, run
from raw_bus import DIRECT, RawBus

MANAGER, QUEUE = 'org.jobd1.Manager', 'org.jobd1.JobQueue'
PROPERTIES = 'org.freedesktop.DBus.Properties'
TYPES = {'description': 's', 'enabled': 'b', 'max_running': 'u', 'max_pending': 'u', 'weight': 'u', 'priority': 'i',
         'when_unavailable': 's', 'resources': 'a{ss}'}


def settings(values):
    return {name: (TYPES[name], value) for name, value in values.items()}


def call(path, interface, member, signature='', *arguments, user=None):
    """As root on the direct socket, or as a user on the system bus. The reply, which may be an error."""
    with RawBus(user) if user else RawBus(None, DIRECT) as bus:
        return bus.call(path, interface, member, signature, *arguments)


def queue_path(name):
    return call('/org/jobd1', MANAGER, 'GetJobQueue', 's', name).body[0]


def set_queue(name, user=None, **values):
    return call(queue_path(name), QUEUE, 'Set', 'a{sv}', settings(values), user=user)


def create_queue(name, user=None, **values):
    return call('/org/jobd1', MANAGER, 'CreateJobQueue', 'sa{sv}', name, settings(values), user=user)


def queue(name):
    """Its properties."""
    return {key: value[1] if isinstance(value, tuple) else value
            for key, value in call(queue_path(name), PROPERTIES, 'GetAll', 's', QUEUE).body[0].items()}


def wait_for(result_id, what, is_it):
    """Until the job result is so; there is no event for all that is asked for here. Returns it."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        result = jobctl_json('result', result_id)
        if is_it(result):
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f'job result {result_id} never had {what}: {result}')


def wait_status(result_id, *statuses):
    return wait_for(result_id, statuses, lambda result: result['status'] in statuses)


def restart():
    run('systemctl restart jobd.service')
