# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus client that can send what no library lets through: forged headers, calls without an interface, broken bytes.

    bus = RawBus('dave')                                # the system bus, as this user
    direct = RawBus('dave', '/run/jobd/jobd.sock')      # jobd's own socket
    reply = bus.call('/org/jobd1', 'org.jobd1.Manager', 'GetJob', 's', 'demo.Hello')
    reply.error, reply.body

Many connections of different users live in one process, so this is also for tests that need dozens of them at once.
"""
import contextlib
import os
import pwd
import re
import select
import socket
import struct
import time

from harness import TIMEOUT

SYSTEM_BUS, DIRECT = '/run/dbus/system_bus_socket', '/run/jobd/jobd.sock'
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY, ALLOW_INTERACTIVE = 1, 4
FIELDS = {'path': 1, 'interface': 2, 'member': 3, 'error_name': 4, 'reply_serial': 5, 'destination': 6, 'sender': 7,
          'signature': 8, 'unix_fds': 9}
FIELD_TYPES = {1: 'o', 2: 's', 3: 's', 4: 's', 5: 'u', 6: 's', 7: 's', 8: 'g', 9: 'u'}
FIXED = {'y': 'B', 'b': 'I', 'n': 'h', 'q': 'H', 'i': 'i', 'u': 'I', 'x': 'q', 't': 'Q', 'd': 'd', 'h': 'I'}
ALIGN = {'y': 1, 'g': 1, 'v': 1, 'n': 2, 'q': 2, 'x': 8, 't': 8, 'd': 8, '(': 8, '{': 8}


def split(signature):
    """'sa{sv}u' -> ['s', 'a{sv}', 'u']"""
    types, depth, start = [], 0, 0
    for i, char in enumerate(signature):
        depth += {'(': 1, '{': 1, ')': -1, '}': -1}.get(char, 0)
        if depth == 0 and char != 'a':
            types.append(signature[start:i + 1])
            start = i + 1
    return types


def pad(data, boundary):
    data += b'\0' * (-len(data) % boundary)


def put(data, kind, value):
    """Appends a value; a variant is a pair of signature and value, a dictionary may be a dict."""
    pad(data, ALIGN.get(kind[0], 4))
    if kind in FIXED:
        data += struct.pack('<' + FIXED[kind], value)
    elif kind in 'sog':
        text = value if isinstance(value, bytes) else value.encode()
        data += struct.pack('<B' if kind == 'g' else '<I', len(text)) + text + b'\0'
    elif kind == 'v':
        put(data, 'g', value[0])
        put(data, *value)
    elif kind[0] == 'a':
        data += b'\0\0\0\0'
        at = len(data)
        pad(data, ALIGN.get(kind[1], 4))
        start = len(data)
        for item in value.items() if isinstance(value, dict) else value:
            put(data, kind[1:], item)
        data[at - 4:at] = struct.pack('<I', len(data) - start)
    else:
        for part, item in zip(split(kind[1:-1]), value):
            put(data, part, item)


def get(data, at, kind):
    """Reads a value; returns it and where the next one starts."""
    at += -at % ALIGN.get(kind[0], 4)
    if kind in FIXED:
        return struct.unpack_from('<' + FIXED[kind], data, at)[0], at + struct.calcsize(FIXED[kind])
    if kind in 'sog':
        size, at = get(data, at, 'y' if kind == 'g' else 'u')
        return data[at:at + size].decode(), at + size + 1
    if kind == 'v':
        inner, at = get(data, at, 'g')
        return get(data, at, inner)
    if kind[0] == 'a':
        size, at = get(data, at, 'u')
        at += -at % ALIGN.get(kind[1], 4)
        end, items = at + size, []
        while at < end:
            item, at = get(data, at, kind[1:])
            items.append(item)
        return (dict(items) if kind[1] == '{' else items), at
    at, items = at + -at % 8, []
    for part in split(kind[1:-1]):
        item, at = get(data, at, part)
        items.append(item)
    return tuple(items), at


class Message:
    def __init__(self, data, body_at):
        self.kind = data[1]
        self.serial = struct.unpack_from('<I', data, 8)[0]
        fields = dict(get(data, 12, 'a(yv)')[0])
        for name, number in FIELDS.items():
            setattr(self, name, fields.get(number))
        body, at, self.body = data[body_at:], 0, []
        for part in split(self.signature or ''):
            value, at = get(body, at, part)
            self.body.append(value)

    @property
    def error(self):
        return self.error_name

    def __repr__(self):
        return f'<{self.kind} {self.path} {self.interface}.{self.member} {self.error_name} {self.body}>'


@contextlib.contextmanager
def effective_user(user):
    """What this process does inside is done by that user. (Its supplementary groups stay root's.)"""
    entry = pwd.getpwnam(user or 'root')
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class RawBus:
    def __init__(self, user=None, address=SYSTEM_BUS):
        self.received, self.serial, self.fds = b'', 0, []
        self.replies = {}       # by the serial of the call, until reply_to() asks for them
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        with effective_user(user):
            self.socket.connect(address)
            uid = str(os.geteuid()).encode().hex().encode()
        self.socket.sendall(b'\0AUTH EXTERNAL ' + uid + b'\r\nNEGOTIATE_UNIX_FD\r\n')
        while self.received.count(b'\r\n') < 2:
            self._fill()
        assert re.match(rb'OK \S+\r\nAGREE_UNIX_FD\r\n', self.received), self.received
        self.received = self.received.split(b'\r\n', 2)[2]
        self.socket.sendall(b'BEGIN\r\n')
        self.name = None
        if address == SYSTEM_BUS:
            self.name = self.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello',
                                  destination='org.freedesktop.DBus').body[0]

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _fill(self):
        data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
        self.fds += fds
        if not data:
            raise EOFError('the other side has closed the connection')
        self.received += data

    def send(self, kind=CALL, signature='', *args, flags=0, fds=(), **fields):
        """Sends one message with exactly these header fields and file descriptors; returns its serial."""
        self.serial += 1
        body = bytearray()
        for part, value in zip(split(signature), args):
            put(body, part, value)
        if signature:
            fields['signature'] = signature
        if fds:
            fields['unix_fds'] = len(fds)
        header = bytearray(struct.pack('<BBBBII', ord('l'), kind, flags, 1, len(body), self.serial))
        numbers = [(FIELDS[name], value) for name, value in fields.items() if value is not None]
        put(header, 'a(yv)', [(number, (FIELD_TYPES[number], value)) for number, value in numbers])
        pad(header, 8)
        data = header + body
        if fds:
            data = data[socket.send_fds(self.socket, [data], fds):]
        if data:    # or the other side may have closed the connection because of what it got
            self.socket.sendall(data)
        return self.serial

    def receive(self, seconds=TIMEOUT):
        """The next message, or None when there is none for so long; EOFError when the connection is closed."""
        deadline = time.monotonic() + seconds
        while True:
            if len(self.received) >= 16:
                body_size, _, fields_size = struct.unpack_from('<III', self.received, 4)
                body_at = 16 + fields_size + -fields_size % 8
                if len(self.received) >= body_at + body_size:
                    data = self.received[:body_at + body_size]
                    self.received = self.received[body_at + body_size:]
                    return Message(data, body_at)
            if not select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            self._fill()

    def wait(self, is_it, what='a message'):
        """The first message that is it; all before are dropped."""
        deadline = time.monotonic() + TIMEOUT
        while message := self.receive(max(0, deadline - time.monotonic())):
            if is_it(message):
                return message
        raise AssertionError(f'waited in vain for {what}')

    def reply_to(self, serial):
        """Calls that wait at the same time are answered in any order: the replies to the others are kept."""
        def is_it(message):
            if message.kind in (RETURN, ERROR):
                self.replies[message.reply_serial] = message
            return serial in self.replies

        if serial not in self.replies:
            self.wait(is_it, f'a reply to call {serial}')
        return self.replies.pop(serial)

    def call_later(self, path, interface, member, signature='', *args, destination='org.jobd1', flags=0, **fields):
        """Sends a method call and returns its serial, for reply_to()."""
        return self.send(CALL, signature, *args, flags=flags, path=path, interface=interface, member=member,
                         destination=destination, **fields)

    def call(self, *args, **kwargs):
        """Calls a method and returns the reply: .error and .body."""
        return self.reply_to(self.call_later(*args, **kwargs))

    def listen(self, rule):
        self.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'AddMatch', 's', rule,
                  destination='org.freedesktop.DBus')

    def owner_of(self, name):
        return self.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetNameOwner', 's', name,
                         destination='org.freedesktop.DBus').body[0]

    def credentials_of(self, name):
        return self.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetConnectionCredentials', 's', name,
                         destination='org.freedesktop.DBus').body[0]
