/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "macro.h"

/*
 * Closes what clients have sent. To close a file asks whoever serves its file system (FUSE, a file server), and that can
 * take for ever, like to read it (file-copy.h): so it is done by a process that shares our descriptors.
 */

enum { FILE_CLOSE_RUNNING_MAX = 64 }; /* processes that are at it; more than that are stuck */

/*
 * Closes these descriptors of a message, which nobody may use any more, and has /dev/null in the place of each when sd-bus
 * closes them with the message, which is kept until then. When there are FILE_CLOSE_RUNNING_MAX, or there can be no
 * process, they are left to sd-bus.
 */
void file_close_of_message(sd_event *event, sd_bus_message *m, const int *fds, size_t n);
