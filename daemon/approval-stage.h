/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* ApprovalStages= of a job class: who must approve, in which order. A stage is answered by members of a Unix group. */
typedef struct ApprovalStage {
        char *name;
        char *group; /* of Unix; need not exist before somebody asks for a run */
        unsigned min_approvers;
} ApprovalStage;

enum {
        APPROVAL_STAGES_MAX = 16,
        APPROVAL_STAGE_NAME_MAX = 100, /* characters */
        APPROVAL_GROUP_NAME_MAX = 256, /* bytes */
        APPROVAL_MIN_APPROVERS_MAX = 20,
};

ApprovalStage *approval_stage_free(ApprovalStage *s);
DEFINE_CLEANUP(ApprovalStage *, approval_stage_free);

/* An array that owns its ApprovalStage elements. */
GPtrArray *approval_stages_new(void);

/*
 * Adds what a line says: "NAME:GROUP" or "NAME:GROUP:MIN" (1 when absent), separated by blanks, quoted as in a unit
 * file, a colon of a name as "\:". Returns 0, or -EINVAL and a sentence; stages then has what stood before the
 * mistake.
 */
int approval_stages_add(GPtrArray *stages, const char *line, char **ret_error) _must_check_;

/*
 * Why that stage cannot be completed as the groups of this host are now, for "...: its group 'dba' has no member"; NULL:
 * it can, or the user database does not say. g_free() it. To list the users can take a directory a while.
 */
char *approval_stage_describe_lack(const GPtrArray *stages, unsigned stage);

/* The list as JSON, as it is stored: [{"name": "dba", "group": "dba", "min_approvers": 2}]. Free with g_free(). */
char *approval_stages_format(const GPtrArray *stages);

/* Reads that again; "" is an empty list. 0, or -EINVAL: it is something else. */
int approval_stages_parse(const char *json, GPtrArray **ret) _must_check_;
