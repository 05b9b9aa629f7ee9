# SPDX-License-Identifier: LGPL-2.1-or-later
# runs: sandbox
"""The REST API against broken, hostile and unlucky clients: status, JSON, limits, and that nothing is left behind."""
import fcntl
import glob
import json
import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import termios
import time
import unittest

import openapi
from harness import JobdTestCase, TIMEOUT, identity, install_job, jobctl, journal_cursor, journal_wait, main_pid, run
from rest import HOST, SOCKET, connect, curl, exchange, job_path, read_all

SOURCE = '/opt/jobd/tests/../rest'


def setUpModule():
    install_job('bad.Job', '''
        [Job]
        HasSensitiveVariables=no
        [Variable text]
        Type=string
        Required=no
        [Service]
        ExecStart=true
    ''')
    jobctl('refresh')
    jobctl('enable', 'bad.Job')


def request(method='GET', path='/api/extras/jobs/bad.Job/', headers=(), body=b''):
    lines = [f'{method} {path} HTTP/1.1', 'Host: x', *headers]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


def replies(data):
    """(status, body) of each reply in the bytes; bodies are JSON."""
    found = []
    while data:
        head, _, rest = data.partition(b'\r\n\r\n')
        status = int(head.split(b' ')[1])
        length = int(re.search(rb'content-length: (\d+)', head.lower())[1]) if status not in (100, 204) else 0
        found.append((status, json.loads(rest[:length]) if length else None))
        data = rest[length:]
    return [reply for reply in found if reply[0] != 100]


def wait_read(s):
    """Until the other side has read all that was sent."""
    while int.from_bytes(fcntl.ioctl(s, termios.TIOCOUTQ, bytes(4)), sys.byteorder):
        os.sched_yield()


class BadRequests(JobdTestCase):
    def check(self, data, status):
        found = replies(exchange(data))
        self.assertTrue(found, data[:100])
        [reply] = found
        self.assertEqual(reply[0], status, (data[:100], reply))
        self.assertIn('detail', reply[1], (data[:100], reply))

    def test_malformed(self):
        for data in (b'garbage\r\n\r\n', b'GET\r\n\r\n', b'GET / FTP/1.1\r\nHost: x\r\n\r\n',
                     b'GET /api/ HTTP/1.1\r\n\r\n', b'GET /api/ HTTP/1.1\r\nHost x\r\n\r\n',
                     request(headers=['Content-Length: x']), request(headers=['Content-Length: -1']),
                     request('POST', job_path('bad.Job', 'run'), headers=['Content-Length: 1', 'Content-Length: 2', 'Content-Type: application/json'], body=b'{}'),
                     request('POST', job_path('bad.Job', 'run'), headers=['Content-Length: 2', 'Transfer-Encoding: chunked', 'Content-Type: application/json'], body=b'0\r\n\r\n')):
            self.check(data, 400)
        self.check(b'GET /api/ HTTP/0.9\r\nHost: x\r\n\r\n', 505)
        self.check(b'GET /api/ HTTP/3.0\r\nHost: x\r\n\r\n', 505)
        self.check(request('POST', job_path('bad.Job', 'run'), headers=['Transfer-Encoding: gzip', 'Content-Type: application/json'], body=b'x'), 501)

    def test_headers_too_large(self):
        self.check(request(headers=['X: ' + 'a' * 20000]), 431)
        self.check(request(headers=['X: ' + 'a' * 200000]), 431)
        self.check(request(headers=[f'X{i}: a' for i in range(4000)]), 431)
        self.assertIn(exchange(request(path='/api/' + 'a' * 200000)).split(b' ')[1], (b'414', b'431'))

    def test_chunks(self):
        path, form = job_path('bad.Job', 'run'), ['Content-Type: application/json', 'Transfer-Encoding: chunked']
        good = request('POST', path, form, b'2\r\n{}\r\n0\r\n\r\n')
        self.assertEqual(replies(exchange(good + request()))[0][0], 201)
        for body in b'x\r\n{}\r\n0\r\n\r\n', b'5\r\n{}\r\n0\r\n\r\n', b'1\r\n{}\r\n0\r\n\r\n', b'-2\r\n{}\r\n', b'\r\n\r\n', \
                b'ffffffffffffffffff\r\n{}\r\n0\r\n\r\n':
            found = replies(exchange(request('POST', path, form, body)))
            self.assertTrue(not found or found[0][0] in (400, 413), (body, found))

    def test_pipelining(self):
        found = replies(exchange(request() + request(path='/api/nope') + request('BREW') + request('HEAD', '/api/')[:0] +
                                 request(path='/api/')))
        self.assertEqual([status for status, _ in found], [200, 404, 405, 200])
        self.assertEqual(found[0][1]['class_path'], 'bad.Job')

    def test_methods(self):
        allow = curl(job_path('bad.Job'), method='OPTIONS')
        self.assertEqual((allow.status, allow.headers['allow']), (204, 'OPTIONS, DELETE, GET, HEAD, PATCH'))
        for method in 'PUT', 'TRACE', 'CONNECT', 'get', 'POST':
            reply = curl(job_path('bad.Job'), method=method)
            self.assertEqual((reply.status, reply.json), (405, {'detail': f'Method "{method}" not allowed.'}))
            self.assertEqual(reply.headers['allow'], allow.headers['allow'])
        head = curl(job_path('bad.Job'), '--head')
        get = curl(job_path('bad.Job'))
        self.assertEqual((head.status, head.body, head.headers['content-length']), (200, '', get.headers['content-length']))

    def test_paths(self):
        for path in ('/', '/api', '/api/extras/jobs/../jobs/', '/api/extras/jobs/%2e%2e/', '//api//extras',
                     '/api/extras/jobs/bad.Job/run/../', '/api/extras/jobs/a%00b/', '/api/extras/jobs/%ff%fe/',
                     '/api/extras/jobs/%', '/api/extras/jobs/%4', '/api/extras/jobs/bad.Job%2f', '/api/extras/jobs/%2fetc%2fpasswd/',
                     '/etc/passwd', '/api/extras/job-results/../../../../etc/passwd', '/api/extras/jobs/' + 'a' * 3000 + '/',
                     '/api/extras/jobs/bad.Job/nope/', '/api/extras/jobs//run/', '/api/extras/job-results/%2e/logs/'):
            reply = curl(path)
            self.assertEqual((reply.status, 'detail' in reply.json), (200 if path == '/api' else 404, path != '/api'), path)
        self.assertEqual(curl('/%61pi/extras/jobs/bad%2EJob').status, 200)
        self.assertEqual(curl('/api/?a=%00').status, 400)
        self.assertEqual(curl('/api/?' + '&'.join(f'a{i}=1' for i in range(100))).status, 400)

    def test_bodies(self):
        path = job_path('bad.Job', 'run')
        for body, status in (('{', 400), ('[]', 400), ('"x"', 400), ('{"data": {}, "data": {}}', 400), ('\xff', 400),
                             ('[' * 5000, 400), ('{"data": ' + '{"a":' * 40 + '1' + '}' * 40 + '}', 400),
                             ('{"data": {"text": "\\ud800"}}', 400), ('{"data": {"nope": 1}}', 400),
                             ('{"data": {"text": "' + 'x' * 70000 + '"}}', 413), (' ' * 140000, 413), ('', 201),
                             ('{"extra": 1}', 201)):
            reply = curl(path, '-H', 'Content-Type: application/json', '--data-binary', '@-' if len(body) > 1000 else body,
                         method='POST') if len(body) <= 1000 else self.post_long(path, body)
            self.assertEqual(reply.status, status, (body[:60], reply))
        for kind in 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '':
            reply = curl(path, '-H', f'Content-Type: {kind}', '--data', '{}')
            self.assertEqual(reply.status, 415, kind)
        self.assertEqual(curl(path, '-H', 'Content-Type: multipart/form-data', '--data', 'x').status, 400)
        self.assertEqual(curl(job_path('bad.Job'), '-F', 'enabled=true', method='PATCH').status, 415)

    def post_long(self, path, body):
        with open('/tmp/body', 'w', encoding='latin-1') as file:
            file.write(body)
        return curl(path, '-H', 'Content-Type: application/json', '--data-binary', '@/tmp/body')

    def test_forms(self):
        path, kind = job_path('bad.Job', 'run'), 'Content-Type: multipart/form-data; boundary=BB'

        def post(body):
            [reply] = replies(exchange(request('POST', path, [kind, f'Content-Length: {len(body)}'], body)))
            return reply

        def part(header, text):
            return b'--BB\r\nContent-Disposition: form-data; ' + header + b'\r\n\r\n' + text + b'\r\n'
        good = post(part(b'name="text"', b'x') + b'--BB--\r\n')
        self.assertEqual(good[0], 201, good)
        for body in (b'', b'x', b'--BB\r\n', part(b'name="text"', b'x'), part(b'name="text"', b'x') * 2 + b'--BB--\r\n',
                     part(b'name=""', b'x') + b'--BB--\r\n', part(b'nome="text"', b'x') + b'--BB--\r\n',
                     part(b'name="text"', b'\xff') + b'--BB--\r\n', part(b'name="text"', b'a\0b') + b'--BB--\r\n',
                     part(b'name="nope"; filename="f"', b'x') + b'--BB--\r\n',
                     b''.join(part(b'name="f%d"; filename="f"' % i, b'x') for i in range(40)) + b'--BB--\r\n',
                     b''.join(part(b'name="p%d"' % i, b'x') for i in range(300)) + b'--BB--\r\n',
                     part(b'name="' + b'n' * 300 + b'"', b'x') + b'--BB--\r\n'):
            reply = post(body)
            self.assertEqual(reply[0], 400 if body else 201, (body[:80], reply))

    def test_form_in_pieces(self):
        """Wherever a read ends, the parts are the same."""
        kind = 'Content-Type: multipart/form-data; boundary=BB'
        head, end = b'--BB\r\nContent-Disposition: form-data; name="text"\r\n\r\n', b'\r\n--BB--\r\n'

        def post(body, *splits):
            with connect() as s:
                s.sendall(request('POST', job_path('bad.Job', 'run'), [kind, f'Content-Length: {len(body)}']))
                for start, stop in zip((0, *splits), (*splits, len(body))):
                    wait_read(s)
                    s.sendall(body[start:stop])
                s.shutdown(socket.SHUT_WR)
                [reply] = replies(read_all(s))
                return reply
        for value in b'some text', b'--B', b'x', b'':
            for n in range(7):
                status, body = post(head + value + end, len(head) + n)
                self.assertEqual(status, 201, (value, n, body))
                result = curl(f'/api/extras/job-results/{body["job_result"]["id"]}/').json
                self.assertEqual(result['task_kwargs'].get('text') or '', value.decode(), (value, n))
        for first, second in (b'', b''), (b'x', b''), (b'x', b'x'):
            body = head + first + b'\r\n' + head + second + end
            status, answer = post(body, len(head) + 1)
            self.assertEqual((status, answer['detail']), (400, 'A part is there twice.'), (first, second))

    def test_accept(self):
        for accept, status in (('application/json; version=9.9', 406), ('text/html', 406), ('text/html,*/*;q=0.8', 200),
                               ('application/json;q=0', 406), ('application/json; indent=99999999999', 200), (';;,,=', 406)):
            self.assertEqual(curl('/api/', '-H', f'Accept: {accept}').status, status, accept)
        self.assertEqual(curl('/api/', '-H', 'Host: <script>').json['jobs'], '/api/extras/jobs/')


class Limits(JobdTestCase):
    def test_large_bodies(self):
        """A gigabyte is refused when its size is known, or when it is too much: long before it has been sent."""
        for headers, size in ((['Content-Type: application/json', 'Content-Length: 1073741824'], 2 ** 30),
                              (['Content-Type: multipart/form-data; boundary=BB', 'Content-Length: 1073741824'], 2 ** 30),
                              (['Content-Type: application/json', 'Transfer-Encoding: chunked'], None)):
            with connect() as s:
                s.sendall(request('POST', job_path('bad.Job', 'run'), headers))
                sent = 0
                chunk = b'a' * 65536 if size else b'10000\r\n' + b'a' * 65536 + b'\r\n'
                try:
                    while sent < 2 ** 30:
                        s.sendall(chunk)
                        sent += len(chunk)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                self.assertLess(sent, 16 * 2 ** 20)
                [reply] = replies(read_all(s))
            self.assertEqual(reply[0], 413, headers)

    def test_slow_clients(self):
        """A request that trickles in is cut off, whatever arrives meanwhile."""
        with connect() as s:
            began = time.monotonic()
            data = b''
            for byte in request(headers=['X: ' + 'a' * 5000]):
                try:
                    s.send(bytes([byte]))
                except BrokenPipeError:
                    break
                if select.select([s], [], [], 0.1)[0]:
                    break
            data = read_all(s)
            self.assertEqual([status for status, _ in replies(data)], [408])
            self.assertLess(time.monotonic() - began, TIMEOUT)

    def test_connections_of_a_user(self):
        code = ('import socket,sys\n'
                'held=[]\n'
                'for i in range(64):\n'
                '    s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"GET /api/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")\n'
                '    assert s.recv(12)==b"HTTP/1.1 200", i\n'
                '    held.append(s)\n'
                's=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n'
                'print(s.recv(4096).decode())\n')
        refused = subprocess.run(['python3', '-c', code, SOCKET], capture_output=True, text=True, check=False,
                                 timeout=TIMEOUT, **identity('dave'))
        self.assertIn('503 Service Unavailable', refused.stdout, refused)
        self.assertEqual(curl('/api/', user='alice').status, 200, 'others are not affected')

    def test_nothing_is_left(self):
        """Many requests on one connection: memory and open files of its process stay as they are."""
        with connect() as s:
            def get(data):
                s.sendall(data)
                answer = b''
                while not (b'\r\n\r\n' in answer and
                           len(answer.split(b'\r\n\r\n', 1)[1]) >= int(re.search(rb'content-length: (\d+)', answer.lower())[1])):
                    part = s.recv(65536)
                    self.assertTrue(part, (data, answer))
                    answer += part
                return answer
            get(request())
            pid = only_process()
            kinds = [request(), request(path='/api/nope'), request(path='/api/extras/job-results/?limit=5'),
                     request(path='/api/schema/'), request(path='/api/extras/jobs/?color=1'),
                     request('POST', job_path('bad.Job', 'run'), ['Content-Type: application/json', 'Content-Length: 1'],
                             b'{')]
            for _ in range(30):
                for each in kinds:
                    get(each)
            before = usage(pid)
            for _ in range(150):
                for each in kinds:
                    get(each)
            after = usage(pid)
        self.assertEqual(after[0], before[0], 'open files')
        self.assertLess(after[1] - before[1], 512, 'KiB of memory')

    def test_nothing_is_left_of_connections(self):
        """Neither units nor files, nor open files of systemd and jobd."""
        def open_files():
            only_process()
            return [len(os.listdir(f'/proc/{pid}/fd')) for pid in (1, main_pid())]

        def connect_often(n):
            for i in range(n):
                with connect() as s:
                    s.sendall(request(path=job_path('bad.Job') if i % 3 else '/api/nope'))
                    self.assertIn(s.recv(65536).split(b' ')[1], (b'200', b'404'))
        def keep(held):     # an idle connection is closed after a time
            held.sendall(request(path='/api/nope'))
            self.assertIn(b' 404 ', held.recv(65536))
        with connect() as held:     # one stays open: so there is a moment at which it is the only one
            keep(held)
            connect_often(20)
            before = open_files()
            for _ in range(10):
                connect_often(30)
                keep(held)
            after = open_files()
            for now, then in zip(after, before):    # systemd may still be at the last ones
                self.assertLess(now - then, 30)
            units = run(['systemctl', 'list-units', '--all', '--no-legend', 'jobd-rest@*']).stdout.splitlines()
            self.assertLess(len(units), 30)
        self.assertLessEqual({int(name) for name in os.listdir('/run/jobd-rest')}, {0, *(identity(user)['user'] for user in (
            'alice', 'bob', 'carol', 'dave'))}, 'one file for each user who has ever connected')

    def test_directory_of_places(self):
        """The first connection since boot makes it, for root alone."""
        shutil.rmtree('/run/jobd-rest', ignore_errors=True)
        for user in 'dave', 'root':
            self.assertEqual(curl('/api/', user=user).status, 200)
            self.assertEqual(stat.filemode(os.stat('/run/jobd-rest').st_mode), 'drwx------')
            self.assertEqual(os.stat(f'/run/jobd-rest/{identity(user)["user"]}').st_uid, 0)

    def test_death_is_told(self):
        """It has no stderr: that a process died of a signal is in the journal all the same, and the unit is gone."""
        cursor = journal_cursor()
        with connect() as s:
            s.sendall(request())
            self.assertIn(b' 200 ', s.recv(65536))
            pid = only_process()
            with open(f'/proc/{pid}/cgroup', encoding='ascii') as file:
                [unit] = set(re.findall(r'jobd-rest@.*\.service', file.read()))
            os.kill(pid, signal.SIGQUIT)    # as of a crash: of one itself, the run of the tests would tell
            read_all(s)
        self.assertIn('QUIT', journal_wait(f'UNIT={unit}', since=cursor, contains='Main process exited')['MESSAGE'])
        deadline = time.monotonic() + TIMEOUT
        while units := run(['systemctl', 'list-units', '--all', '--no-legend', unit]).stdout:
            self.assertLess(time.monotonic(), deadline, units)
            os.sched_yield()

    def test_identity_for_good(self):
        """The process is the peer in every way, has no capability and no way back."""
        for user in 'alice', 'dave':
            code = ('import socket,sys,time\ns=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n'
                    's.sendall(b"GET /api/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"); s.recv(99); print("ready",flush=True); sys.stdin.read()')
            with subprocess.Popen(['python3', '-c', code, SOCKET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  **identity(user)) as client:
                client.stdout.readline()
                uid = identity(user)['user']
                # It cannot be read by the user, being not dumpable; root sees it.
                [pid] = [p for p in run(['pidof', 'jobd-rest']).stdout.split()
                         if f'Uid:\t{uid}\t{uid}\t{uid}\t{uid}' in open(f'/proc/{p}/status', encoding='ascii').read()]
                status = dict(line.split(':\t', 1) for line in
                              open(f'/proc/{pid}/status', encoding='ascii').read().splitlines() if ':\t' in line)
                self.assertEqual({status[name].strip() for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')}, {'0' * 16})
                self.assertEqual(status['NoNewPrivs'], '1')
                self.assertEqual(status['Seccomp'], '2', 'it filters its system calls')
                self.assertEqual(set(status['Gid'].split()), {str(identity(user)['group'])})
                self.assertEqual({int(group) for group in status['Groups'].split()}, set(identity(user)['extra_groups']))
                self.assertEqual(os.stat(f'/proc/{pid}/mem').st_uid, 0, 'dumpable')
                client.stdin.close()


def only_process():
    """The one that serves the one connection, once those of earlier requests are gone."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        pids = run(['pidof', 'jobd-rest'], check=False).stdout.split()
        if len(pids) == 1:
            return int(pids[0])
        assert time.monotonic() < deadline, pids
        os.sched_yield()


def usage(pid):
    status = open(f'/proc/{pid}/status', encoding='ascii').read()
    return len(glob.glob(f'/proc/{pid}/fd/*')), int(re.search(r'VmRSS:\s+(\d+)', status)[1])


class WhatToDo(JobdTestCase):
    """An answer that refuses says what is taken instead."""

    def test_bodies(self):
        path = '/api/extras/jobs/bad.Job/run/'
        for options, status, text in (
                (['-d', 'n=1'], 415, 'Unsupported media type "application/x-www-form-urlencoded" in request. Send application/json '
                                     'or multipart/form-data.'),
                (['-H', 'Content-Type: application/json', '-H', 'Content-Encoding: gzip', '-d', '{}'], 415,
                 'Unsupported content encoding "gzip" in request. Send the body as it is.'),
                (['-H', 'Content-Type: application/json', '-H', 'Accept: text/html', '-d', '{}'], 406,
                 'Could not satisfy the request Accept header. The answer is application/json.'),
                (['-H', 'Content-Type: application/json', '-d', '{"data": {}, "data": {"n": 1}}'], 400,
                 'JSON parse error - line 1, column 14: the member "data" is there twice')):
            reply = curl(path, *options, method='POST')
            self.assertEqual((reply.status, reply.json), (status, {'detail': text}))
        reply = curl('/api/', '-H', 'Accept: application/json; version=9.9')
        self.assertEqual(reply.status, 406)
        self.assertIn('The versions are 1.2 to 2.4', reply.json['detail'])
        self.assertEqual(curl(path, '-H', 'Content-Type: application/json; charset=utf-8', '-H', 'Content-Encoding: identity',
                              '-d', '{}', method='POST').status, 201)

    def test_lists(self):
        """A page that goes on after what is gone, and a filter by what is not there, are no missing page."""
        for name, value in ('before', '00000000-0000-4000-8000-000000000000'), ('scheduled_job', 'no-such'):
            reply = curl(f'/api/extras/job-results/?{name}={value}')
            self.assertEqual((reply.status, list(reply.json)), (400, [name]), reply)

    def test_parts(self):
        self.assertEqual(curl('/api/extras').json, curl('/api/').json)
        for name, url in curl('/api/').json.items():
            reply = curl(url)
            self.assertEqual((reply.status, name == 'schema' or 'results' in reply.json), (200, True), url)


class Schema(JobdTestCase):
    def test_openapi(self):
        document = curl('/api/schema/').json
        self.assertEqual(openapi.check(document), [])

    def test_no_route_is_missing(self):
        """What the paths answer to OPTIONS is what the description has, and the other way round."""
        document = curl('/api/schema/').json
        self.assertGreater(len(document['paths']), 20)
        for path in document['paths']:
            path = path.replace('{id}', 'bad.Job').replace('{name}', 'x')
            allow = curl(path, method='OPTIONS').headers['allow']
            described = set()       # a job may be called "refresh", so that path is two
            for template, item in document['paths'].items():
                if re.fullmatch(re.sub(r'\{\w+\}', '[^/]+', template), path):
                    described |= set(item)
            self.assertEqual({method for method in allow.lower().split(', ')} - {'options', 'head'}, described, path)

    def test_the_checker_finds_something(self):
        document = curl('/api/schema/').json
        document['paths']['/api/']['get']['responses'] = {}
        document['components']['schemas']['Job']['properties']['id'] = {'type': 'text'}
        self.assertEqual(len(openapi.check(document)), 2)


if __name__ == '__main__':
    unittest.main()
