/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-queue.h"
#include "store.h"

/* The table job_queue. */

/* Appends JobQueue to the array. */
int store_queue_list(Store *s, GPtrArray *queues) _must_check_;

/* In the open batch. Put: inserts, or replaces the one with the same id. -EEXIST: another one has that name. */
int store_queue_put(Store *s, const JobQueue *q) _must_check_;
int store_queue_delete(Store *s, const char *id) _must_check_;
