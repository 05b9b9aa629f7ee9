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
        uint64_t input_files_kept_max; /* of all runs that wait or run, on the disk */
        char *default_queue;
        uint64_t approval_timeout_usec;        /* USEC_INFINITY: requests do not expire */
        char *notify_units[_NOTIFY_EVENT_MAX]; /* templates, for classes that name none; NULL: none */
        uint64_t result_max_age_usec; /* 0: job results are kept, however old */
        uint64_t result_max_count;    /* of each job; 0: however many */
} Settings;

/* How long job results are kept, by the settings and by ResultMaxAge= and ResultMaxCount= of a job class. */
#define RESULT_MAX_UNSET UINT64_MAX /* of a class: as the settings say */
enum { RESULT_MAX_COUNT_LIMIT = 1000000 };

/* Empty or "0" or "infinity": 0, all are kept. -EINVAL and a sentence. */
int result_max_age_parse(const char *text, uint64_t *ret_usec, char **ret_error) _must_check_;
int result_max_count_parse(const char *text, uint64_t *ret, char **ret_error) _must_check_;

/*
 * Reads /etc/jobd/jobd.conf and the drop-ins jobd.conf.d/ of /usr/lib, /usr/local/lib, /run and /etc, below the
 * directory root ("" for the host). Settings that are wrong are told in *ret_problems (a sentence each, with the file)
 * and keep their default: a daemon that does not start would take everybody's jobs down for one typo.
 */
Settings *settings_load(const char *root, GPtrArray **ret_problems);
Settings *settings_free(Settings *s);
DEFINE_CLEANUP(Settings *, settings_free);
