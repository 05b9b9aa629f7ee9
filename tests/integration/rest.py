# SPDX-License-Identifier: LGPL-2.1-or-later
"""The HTTP face as curl and as a bare socket see it.

    reply = curl('/api/extras/jobs/', user='alice')
    reply.status, reply.headers['content-type'], reply.json
    raw = exchange(b'GET /api/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
"""
import dataclasses
import json
import socket
import urllib.parse

from harness import TIMEOUT, run

SOCKET = '/run/jobd/rest.sock'
HOST = 'http://nautobot'    # as the guide prints it


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict
    body: str

    @property
    def json(self):
        return json.loads(self.body)


def parse(text):
    """The last of the replies that curl --include has written: before it may be a 100 Continue."""
    while True:     # Python has read line ends as \n
        head, _, body = text.partition('\n\n')
        status, *lines = head.split('\n')
        if not body.startswith('HTTP/1.1 ') or ' 100 ' not in status:
            break
        text = body
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(':') for line in lines)}
    return Reply(int(status.split()[1]), headers, body)


def curl(path, *options, user=None, json_body=None, method=None, input=None):
    """One request by curl. path may be a whole URL."""
    url = path if path.startswith('http') else HOST + path
    if json_body is not None:
        options += ('-H', 'Content-Type: application/json', '--data', json.dumps(json_body))
    if method:
        options += ('-X', method)
    done = run(['curl', '-sS', '--include', '--path-as-is', '--max-time', str(TIMEOUT), '--unix-socket', SOCKET, *options,
                url], user=user, input=input)
    return parse(done.stdout)


def job_path(reference, *rest):
    return '/'.join(['/api/extras/jobs', urllib.parse.quote(reference, safe=''), *rest, ''])


def result_path(result_id, *rest):
    return '/'.join(['/api/extras/job-results', result_id, *rest, ''])


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(TIMEOUT)
    s.connect(SOCKET)
    return s


def read_all(s):
    """What arrives until the other side closes."""
    data = b''
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:    # it was closed with something of ours unread
            return data
        if not part:
            return data
        data += part


def exchange(request):
    """Sends bytes, says that these are all, and returns what comes until the end."""
    with connect() as s:
        try:
            s.sendall(request)
            s.shutdown(socket.SHUT_WR)
        except BrokenPipeError:     # refused before all was sent
            pass
        return read_all(s)
