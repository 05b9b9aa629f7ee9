/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"
#include "notify-unit.h"

/* jobd.conf(5). */
typedef struct Settings {
        uint64_t default_soft_time_limit_usec;
        uint64_t default_time_limit_usec;
        uint64_t max_running; /* runs at once */
        uint64_t max_pending; /* runs that wait */
        uint64_t input_file_size_max;  /* bytes of one file that a run is given */
        uint64_t input_files_size_max; /* of all of them */
        char *default_queue;
        uint64_t approval_timeout_usec;        /* USEC_INFINITY: requests do not expire */
        char *notify_units[_NOTIFY_EVENT_MAX]; /* templates, for classes that name none; NULL: none */
} Settings;

/*
 * Reads /etc/jobd/jobd.conf and the drop-ins jobd.conf.d/ of /usr/lib, /usr/local/lib, /run and /etc, below the
 * directory root ("" for the host). Settings that are wrong are told in *ret_problems (a sentence each, with the file)
 * and keep their default: a daemon that does not start would take everybody's jobs down for one typo.
 */
Settings *settings_load(const char *root, GPtrArray **ret_problems);
Settings *settings_free(Settings *s);
DEFINE_CLEANUP(Settings *, settings_free);
