/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * From here on the process may do what it takes to answer requests as a client of jobd, and nothing else: it starts no
 * program and no process, writes and creates no file, speaks AF_UNIX alone, makes no memory executable, touches no
 * other process. What is refused fails with EPERM; a system call of another architecture kills the process.
 *
 * To be called when the peer's identity has been taken, before a byte is read. Needs PR_SET_NO_NEW_PRIVS. It cannot be
 * undone. Returns 0, or negative errno: do not go on.
 */
int syscall_filter_install(void) _must_check_;
