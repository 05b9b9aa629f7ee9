/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "macro.h"

/*
 * Who is at the other end of a socket, and to become them. The gateway starts as root for this alone: it must be done
 * before a byte is read, and cannot be undone.
 */
typedef struct Peer {
        uid_t uid;
        gid_t gid;
        gid_t *groups;
        size_t n_groups;
} Peer;

/* Returns 0, or negative errno: not a connected AF_UNIX socket, or the user's groups cannot be found out. */
int peer_read(int fd, Peer *ret) _must_check_;
void peer_done(Peer *p);

/* All user and group ids for good, no capabilities, no new privileges; verified. Negative errno: do not go on. */
int peer_become(const Peer *p) _must_check_;

/*
 * Counts connections of a user: takes one of CONNECTIONS_PER_USER_MAX places, which are locks in a file named after the
 * uid in directory, which is made if it is not there, and are given back when the process ends. To be called as root.
 * Returns an open file to be kept, or negative errno (-EUSERS: all are taken).
 */
int peer_take_place(const char *directory, uid_t uid) _must_check_;
