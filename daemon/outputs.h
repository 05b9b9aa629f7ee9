/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "dispatcher.h"
#include "output-name.h"
#include "store-output.h"

/*
 * The output files of runs: outputs/<id of the job result>/<SHA-256 of the contents> in the state directory, their
 * names in the store. So no name that a job gives is ever one on our disk; a file is complete before its name points
 * to it; and what replaces another one does so in one transaction.
 */
typedef struct Outputs Outputs;

enum {
        OUTPUT_SIZE_MAX = 10 * 1024 * 1024,   /* bytes of a file; so many are allowed */
        OUTPUTS_SIZE_MAX = 64 * 1024 * 1024,  /* of all files of a run */
        OUTPUTS_MAX = 100,                    /* files of a run */
};

/* Makes the directory, and clears away what an earlier jobd could not finish. Has logged a failure. */
int outputs_new(sd_event *event, const char *state_directory, Store *store, Dispatcher *dispatcher, Outputs **ret)
                _must_check_;
Outputs *outputs_free(Outputs *o);
DEFINE_CLEANUP(Outputs *, outputs_free);

/* Comes once, later. refusal NULL: the file is complete, and its name is in the open batch of the store. */
typedef void (*OutputAdded)(Refusal *refusal, void *userdata);

/*
 * Copies the file that fd stands for; one of the same name is replaced. Returns 0 and calls back, or negative errno
 * and the refusal. fd is borrowed until then.
 */
int outputs_add(Outputs *o, const char *result_id, const char *name, int fd, OutputAdded added, void *userdata,
                Refusal *refusal) _must_check_;

/* Opens one for reading. Negative errno and the refusal. */
int outputs_open(Outputs *o, const char *result_id, const char *name, Refusal *refusal) _must_check_;

/* A job result was deleted, which is on the disk: its files go, too. */
void outputs_removal_is_due(Outputs *o);

/* Nothing is being copied or removed. */
bool outputs_is_idle(const Outputs *o);
