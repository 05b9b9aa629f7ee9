/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "approval.h"
#include "json.h"

Approval *approval_free(Approval *a) {
        if (!a)
                return NULL;
        g_free(a->approver);
        g_free(a->comment);
        g_free(a->digest);
        g_free(a);
        return NULL;
}

/* ---- counting ---- */

static const ApprovalStage *stage_at(const ApprovalRules *rules, unsigned stage) {
        return rules->stages && stage < rules->stages->len ? rules->stages->pdata[stage] : NULL;
}

unsigned approval_n_stages(const ApprovalRules *rules) {
        return rules->stages && rules->stages->len > 0 ? rules->stages->len : 1;
}

unsigned approval_count_wanted(const ApprovalRules *rules, unsigned stage) {
        const ApprovalStage *s = stage_at(rules, stage);

        return s ? s->min_approvers : 1;
}

unsigned approval_count(const ApprovalRules *rules, unsigned stage) {
        unsigned n = 0;

        for (guint i = 0; i < rules->approvals->len; i++) {
                const Approval *a = rules->approvals->pdata[i];

                n += !a->voided && a->approved && a->stage == stage;
        }
        return n;
}

unsigned approval_current_stage(const ApprovalRules *rules) {
        unsigned stage = 0;

        while (stage < approval_n_stages(rules) && approval_count(rules, stage) >= approval_count_wanted(rules, stage))
                stage++;
        return stage;
}

bool approval_is_complete(const ApprovalRules *rules, const char *digest) {
        for (guint i = 0; i < rules->approvals->len; i++) {
                const Approval *a = rules->approvals->pdata[i];

                if (!a->voided && (!a->approved || strcmp(a->digest, digest) != 0))
                        return false;
        }
        return approval_current_stage(rules) == approval_n_stages(rules);
}

uint32_t approval_person(const ApprovalAnswer *answer, const char **ret_user) {
        bool is_another = answer->login_uid != UINT32_MAX && answer->login_uid != answer->uid && answer->login_user;

        *ret_user = is_another ? answer->login_user : answer->user;
        return is_another ? answer->login_uid : answer->uid;
}

/* As who they are, or as who they have logged in. */
static const Approval *find_answer_of(const ApprovalRules *rules, const ApprovalAnswer *answer) {
        for (guint i = 0; i < rules->approvals->len; i++) {
                const Approval *a = rules->approvals->pdata[i];

                if (!a->voided && (a->approver_uid == answer->uid || a->approver_uid == answer->login_uid))
                        return a;
        }
        return NULL;
}

/* ---- who may ---- */

/* In their own name, in another's, or as another user now. */
static bool is_own(const ScheduledJob *sj, const ApprovalAnswer *answer) {
        return sj->requester_uid == answer->uid || strcmp(sj->requested_by, answer->user) == 0 ||
               (answer->login_uid != UINT32_MAX && sj->requester_uid == answer->login_uid) ||
               (answer->login_user && strcmp(sj->requested_by, answer->login_user) == 0);
}

/* The reference's sentence (row A3), for root too. */
static int check_own(const ScheduledJob *sj, const ApprovalAnswer *answer, Refusal *f) {
        if (!is_own(sj, answer))
                return 0;
        if (answer->approve)
                return refuse(f, -EPERM, BUS_ERROR_OWN_REQUEST, "You cannot approve your own job request!");
        return refuse(f, -EPERM, BUS_ERROR_OWN_REQUEST,
                      "You cannot deny your own job request! Take it back by \"jobctl schedule cancel %s\"", sj->id);
}

/* Its time may be over before that has been stored: jobd was not there, or this call came first. */
static int check_pending(const ScheduledJob *sj, uint64_t now_usec, Refusal *f) {
        const char *state = scheduled_job_state_to_string(sj->state);
        bool says_state = g_str_has_prefix(sj->state_reason, state); /* "denied by bob" */

        if (sj->state == SCHEDULED_JOB_PENDING && (sj->expires_at == 0 || sj->expires_at > now_usec))
                return 0;
        if (sj->state == SCHEDULED_JOB_PENDING)
                return refuse(f, -EALREADY, BUS_ERROR_NOT_PENDING,
                              "scheduled job '%s' does not wait for an approval: it is expired, nobody has answered "
                              "in time",
                              sj->name);
        return refuse(f, -EALREADY, BUS_ERROR_NOT_PENDING,
                      "scheduled job '%s' does not wait for an approval: it is %s%s%s", sj->name,
                      says_state ? "" : state, says_state || !sj->state_reason[0] ? "" : ", ", sj->state_reason);
}

/* The reference's sentence for its stages; here nobody counts for two of them either. */
static int check_answered(const ApprovalRules *rules, const ApprovalAnswer *answer, Refusal *f) {
        const Approval *before = find_answer_of(rules, answer);

        if (!before)
                return 0;
        if (before->stage == approval_current_stage(rules))
                return refuse(f, -EALREADY, BUS_ERROR_ALREADY_ANSWERED, "You have already approved to this stage.");
        return refuse(f, -EALREADY, BUS_ERROR_ALREADY_ANSWERED,
                      "You have already approved to another stage of this request: somebody else must answer this "
                      "one.");
}

static int check_group(const ApprovalRules *rules, const ApprovalAnswer *answer, Refusal *f) {
        const ApprovalStage *s = stage_at(rules, approval_current_stage(rules));
        int r;

        if (!s)
                return 0;
        r = rules->is_member(answer->uid, answer->user, s->group, rules->userdata);
        if (r > 0)
                return 0;
        if (r == -ENOENT)
                return refuse(f, r, BUS_ERROR_NOT_APPROVER,
                              "nobody can answer stage '%s': its group '%s' does not exist on this host: make that "
                              "group, or have the request taken back",
                              s->name, s->group);
        if (r < 0)
                return refuse(f, r, BUS_ERROR_NOT_APPROVER, "cannot find out whether %s is in group '%s': %s",
                              answer->user, s->group, g_strerror(-r));
        return refuse(f, -EACCES, BUS_ERROR_NOT_APPROVER,
                      "You do not have permission to approve this stage: stage '%s' is answered by the members of "
                      "group '%s'",
                      s->name, s->group);
}

/*
 * The reference's row A4, but for a request to run immediately: there it is stored with the time of the request, so
 * that each one needs force.
 */
static int check_start_time(const ScheduledJob *sj, const ApprovalAnswer *answer, Refusal *f) {
        if (!answer->approve || answer->force || sj->interval != SCHEDULE_INTERVAL_FUTURE ||
            sj->start_time >= answer->now_usec)
                return 0;
        return refuse(f, -ETIME, BUS_ERROR_START_TIME_PAST,
                      "The job's start time is in the past. If you want to force a run anyway, add the `force` "
                      "option.");
}

/*
 * Only of one that is as it was requested can it be taken for granted what was looked at. A state_reason of one that
 * is pending says what has changed.
 */
static int check_digest(const ScheduledJob *sj, const ApprovalAnswer *answer, Refusal *f) {
        if (!answer->approve)
                return 0;
        if (!answer->digest && !sj->state_reason[0])
                return 0;
        if (!answer->digest)
                return refuse(f, -ESTALE, BUS_ERROR_REQUEST_CHANGED,
                              "the request is not the one that was made: %s. Look at it again, by \"jobctl approve "
                              "%s\", or give the digest of what you have looked at",
                              sj->state_reason, sj->id);
        if (strcmp(answer->digest, sj->digest) == 0)
                return 0;
        return refuse(f, -ESTALE, BUS_ERROR_REQUEST_CHANGED,
                      "the request is not the one that you have looked at, its digest is now %s: look at it again, by "
                      "\"jobctl approve %s\"",
                      sj->digest, sj->id);
}

/* It is shown on terminals. */
static int check_comment(const ApprovalAnswer *answer, Refusal *f) {
        if (strlen(answer->comment) > APPROVAL_COMMENT_MAX)
                return refuse(f, -E2BIG, BUS_ERROR_DATA_TOO_LARGE, "the comment is too long: it may have %d bytes",
                              APPROVAL_COMMENT_MAX);
        for (const char *p = answer->comment; *p; p = g_utf8_next_char(p))
                if (g_unichar_iscntrl(g_utf8_get_char(p)) && *p != '\n' && *p != '\t')
                        return refuse(f, -EINVAL, BUS_ERROR_INVALID_VALUE,
                                      "the comment has control characters: leave them out");
        return 0;
}

int approval_check(const ScheduledJob *sj, const ApprovalRules *rules, const ApprovalAnswer *answer,
                   Refusal *refusal) {
        int r;

        r = check_own(sj, answer, refusal);
        if (r >= 0)
                r = check_pending(sj, answer->now_usec, refusal);
        if (r >= 0)
                r = check_answered(rules, answer, refusal);
        if (r >= 0)
                r = check_group(rules, answer, refusal);
        if (r >= 0)
                r = check_start_time(sj, answer, refusal);
        if (r >= 0)
                r = check_digest(sj, answer, refusal);
        if (r >= 0)
                r = check_comment(answer, refusal);
        return r;
}

int approval_check_stages(const char *class_path, const ApprovalRules *rules, Refusal *refusal) {
        for (guint i = 0; rules->stages && i < rules->stages->len; i++) {
                const ApprovalStage *s = rules->stages->pdata[i];

                if (rules->is_member(UINT32_MAX, "", s->group, rules->userdata) == -ENOENT)
                        return refuse(refusal, -ENOENT, BUS_ERROR_APPROVAL_REQUIRED,
                                      "job '%s' has the approval stage '%s', which nobody can answer: its group '%s' "
                                      "does not exist on this host: make that group, or change ApprovalStages= of the "
                                      "job class",
                                      class_path, s->name, s->group);
        }
        return 0;
}
