/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store.h"
#include "uuid.h"

/*
 * The table chain_hop: runs that the end of a job result asks for, from that end (in the transaction of the outcome)
 * until they are requested or refused.
 */
typedef struct ChainHop {
        char result_id[UUID_STRING_SIZE]; /* what has ended */
        int position;                     /* of the link in its class */
        char *class_path;                 /* of the job that follows */
        char *data;                       /* its input, JSON */
} ChainHop;

ChainHop *chain_hop_free(ChainHop *hop);

/* In the open batch. The same hop again replaces the first. */
int store_chain_put(Store *s, const ChainHop *hop) _must_check_;
int store_chain_delete(Store *s, const char *result_id, int position) _must_check_;

/* Appends the hops of one job result, or of all (NULL), as ChainHop, owned by the array. */
int store_chain_list(Store *s, const char *result_id, GPtrArray *hops) _must_check_;
