# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file system in user space that lets one process wait when that closes its file (FUSE_FLUSH).

    with HeldFile(pid) as held:
        fd = held.open()
        ...                 # whatever makes that process close it
        held.wait()         # until it waits

It is served by a process of its own: who serves it must not be one that waits for it.
"""
import ctypes
import os
import select
import signal
import stat
import struct
import tempfile
import unittest

from harness import TIMEOUT

INIT, LOOKUP, GETATTR, OPEN, READ, STATFS, FLUSH, RELEASE = 26, 1, 3, 14, 15, 17, 25, 18
FORGET, INTERRUPT, BATCH_FORGET = 2, 36, 42
NODE, CONTENTS = 2, b'0123456789'
MS_NOSUID_NODEV, MNT_DETACH = 6, 2
LIFE = 2 * TIMEOUT   # seconds, after which whoever waits gets an error, whatever became of the test
LIBC = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    mode = stat.S_IFREG | 0o444 if node == NODE else stat.S_IFDIR | 0o555
    return struct.pack('<QQ44xIIIIIII', node, len(CONTENTS), mode, 1, 0, 0, 0, 4096, 0)


class Server:
    def __init__(self, fuse, pid, held):
        self.fuse, self.pid, self.held = fuse, pid, held

    def reply(self, unique, body=b'', error=0):
        try:
            os.write(self.fuse, struct.pack('<IiQ', 16 + len(body), error, unique) + body)
        except OSError:     # who asked has gone
            pass

    def serve_one(self, request):
        _, opcode, unique, node, _, _, pid = struct.unpack_from('<IIQQIII', request)
        if opcode == FLUSH and pid == self.pid:
            os.write(self.held, b'.')
        elif opcode in (FLUSH, RELEASE):
            self.reply(unique)
        elif opcode == INIT:
            self.reply(unique, struct.pack('<IIIIHHI', 7, 31, 0, 0, 0, 0, 4096).ljust(64, b'\0'))
        elif opcode == LOOKUP:
            self.reply(unique, struct.pack('<QQQQII', NODE, 0, 1000, 1000, 0, 0) + attributes(NODE))
        elif opcode == GETATTR:
            self.reply(unique, struct.pack('<QII', 1000, 0, 0) + attributes(node))
        elif opcode == OPEN:
            self.reply(unique, struct.pack('<QII', 0, 1, 0))    # 1: no page cache
        elif opcode == READ:
            _, offset, size = struct.unpack_from('<QQI', request, 40)
            self.reply(unique, CONTENTS[offset:offset + size])
        elif opcode == STATFS:
            self.reply(unique, bytes(80))
        elif opcode not in (FORGET, BATCH_FORGET, INTERRUPT):
            self.reply(unique, error=-38)

    def serve(self):
        signal.alarm(LIFE)
        while True:
            self.serve_one(os.read(self.fuse, 1 << 17))


class HeldFile:
    def __init__(self, pid):
        self.pid = pid

    def mount(self):
        if not os.path.exists('/dev/fuse'):
            os.mknod('/dev/fuse', stat.S_IFCHR | 0o666, os.makedev(10, 229))
        fuse = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)
        options = f'fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other'
        if LIBC.mount(b'held', self.directory.encode(), b'fuse', MS_NOSUID_NODEV, options.encode()) == 0:
            return fuse
        os.close(fuse)
        raise OSError(ctypes.get_errno(), 'mount')

    def __enter__(self):
        self.directory = tempfile.mkdtemp()
        try:
            fuse = self.mount()
        except OSError as e:
            os.rmdir(self.directory)
            raise unittest.SkipTest(f'no file system in user space can be mounted here: {e}')
        self.held, held = os.pipe()
        self.server = os.fork()
        if self.server == 0:
            try:
                Server(fuse, self.pid, held).serve()
            finally:
                os._exit(0)
        os.close(fuse)
        os.close(held)
        return self

    def open(self):
        return os.open(self.directory + '/f', os.O_RDONLY | os.O_CLOEXEC)

    def is_held(self, seconds=0):
        """Whether it waits, or begins to within so many seconds."""
        return bool(select.select([self.held], [], [], seconds)[0])

    def __exit__(self, *exception):
        """Whoever waits gets an error."""
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        LIBC.umount2(self.directory.encode(), MNT_DETACH)
        os.close(self.held)
        os.rmdir(self.directory)
