/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "secret.h"

/*
 * A program that is given an input and has an output, run as a child process on the event loop. It has nothing but
 * those and a place for its messages: no shell, no files, no environment but $PATH and what is named, no descriptor of
 * ours; and it dies with jobd. Both may be secret: they go by sockets, and are in locked memory on our side.
 */
typedef struct Filter Filter;

typedef struct FilterEnd {
        int error;        /* 0: exit status 0. -ECHILD: another end; -E2BIG: more output than is taken; -ETIMEDOUT; or the
                             errno for which it could not be run */
        Secret *output;   /* the callee's to take and free; NULL on error */
        const char *text; /* the last line that it wrote to standard error; never NULL */
} FilterEnd;

/* Comes once, later; the Filter is freed by whoever is called. */
typedef void (*FilterDone)(FilterEnd *end, void *userdata);

typedef struct FilterSpec {
        const char *const *arguments;   /* NULL-terminated; the first one is the path of the program */
        const char *const *environment; /* names that are passed on when they are set, NULL-terminated; NULL: none */
        const void *input;
        size_t input_size;
        size_t output_max; /* bytes */
        uint64_t timeout_usec;
} FilterSpec;

/* All is borrowed for the call. Needs SIGCHLD to be blocked. */
int filter_start(sd_event *event, const FilterSpec *spec, FilterDone done, void *userdata, Filter **ret) _must_check_;

/* Ends it if it has not ended, without a callback. Accepts NULL, returns NULL. */
Filter *filter_free(Filter *f);
DEFINE_CLEANUP(Filter *, filter_free);
