/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approval-stage.h"
#include "refusal.h"
#include "scheduled-job.h"

/* The rules of approvals: who may answer a request, and what has come of the answers. No bus, no store. */

/* An answer to a request, as it is stored. */
typedef struct Approval {
        unsigned stage; /* index */
        uint32_t approver_uid;
        char *approver; /* user name as of the answer */
        bool approved;  /* false: denied */
        char *comment;  /* never NULL */
        char *digest;   /* what it covers */
        uint64_t date;  /* usec since the epoch */
        bool voided;    /* what it covered has changed since: it counts no more */
} Approval;

Approval *approval_free(Approval *a);
DEFINE_CLEANUP(Approval *, approval_free);

enum { APPROVAL_COMMENT_MAX = 4096 /* bytes */ };

/* An answer that somebody wants to give; all borrowed. */
typedef struct ApprovalAnswer {
        bool approve;
        bool force;          /* although the start time is past */
        const char *comment; /* "": none */
        const char *digest;  /* of what they have looked at; NULL: they do not say */
        uint32_t uid;
        const char *user;
        uint32_t login_uid;     /* who sits behind a sudo; UINT32_MAX: not known */
        const char *login_user; /* that user's name; NULL: not known */
        uint64_t now_usec;
} ApprovalAnswer;

/* Whether a user is in a Unix group: 1, 0, -ENOENT: there is no such group, other negative errno. */
typedef int (*ApprovalIsMember)(uint32_t uid, const char *user, const char *group, void *userdata);

/*
 * stages and approvals are arrays of ApprovalStage and Approval. Without stages there is one, for everybody. What is
 * voided does not count.
 */
typedef struct ApprovalRules {
        const GPtrArray *stages;
        const GPtrArray *approvals;
        ApprovalIsMember is_member;
        void *userdata;
} ApprovalRules;

/* Who has approved at that stage. */
unsigned approval_count(const ApprovalRules *rules, unsigned stage);
/* How many must. */
unsigned approval_count_wanted(const ApprovalRules *rules, unsigned stage);
/* The stage that waits for an answer; the number of stages when none does. */
unsigned approval_current_stage(const ApprovalRules *rules);
unsigned approval_n_stages(const ApprovalRules *rules);

/* Whether all stages have the approvals that they want, and each of them is of this digest. */
bool approval_is_complete(const ApprovalRules *rules, const char *digest);

/*
 * Who an answer is of, for the record and for the count: whoever sits behind a sudo, so that nobody counts once as
 * themselves and once as root. The name is borrowed from the answer.
 */
uint32_t approval_person(const ApprovalAnswer *answer, const char **ret_user);

/*
 * Whether this answer may be given, in this order: not one's own request (nor one made in another's name), pending,
 * not answered before, in the current stage's group, start time not past, what was looked at is what is there (of one
 * that has changed since it was requested, it has to be said what was), the comment. Returns 0, or negative errno and
 * the refusal.
 */
int approval_check(const ScheduledJob *sj, const ApprovalRules *rules, const ApprovalAnswer *answer, Refusal *refusal)
                _must_check_;

/* Whether the groups of all stages exist: otherwise nobody could ever answer. 0, or negative errno and the refusal. */
int approval_check_stages(const char *class_path, const ApprovalRules *rules, Refusal *refusal) _must_check_;
