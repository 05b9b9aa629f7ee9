/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "store-approval.h"

static void approval_free_func(void *p) {
        (void) approval_free(p);
}

static Approval *read_approval(sqlite3_stmt *statement) {
        Approval *a;

        a = g_new(Approval, 1);
        *a = (Approval){
                .stage = (unsigned) sqlite3_column_int64(statement, 0),
                .approver_uid = (uint32_t) sqlite3_column_int64(statement, 1),
                .approver = g_strdup(store_column_text(statement, 2)),
                .approved = strcmp(store_column_text(statement, 3), "approved") == 0,
                .comment = g_strdup(store_column_text(statement, 4)),
                .digest = g_strdup(store_column_text(statement, 5)),
                .date = (uint64_t) sqlite3_column_int64(statement, 6),
                .voided = sqlite3_column_int(statement, 7) != 0,
        };
        return a;
}

int store_approval_list(Store *s, const char *scheduled_job_id, GPtrArray **ret) {
        g_autoptr(GPtrArray) approvals = g_ptr_array_new_with_free_func(approval_free_func);
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_APPROVAL_LIST,
                            "SELECT stage, approver_uid, approver, decision, comment, digest, date, voided"
                            " FROM approval WHERE scheduled_job_id = ? ORDER BY seq",
                            &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, scheduled_job_id);
        if (r < 0)
                return r;
        while ((r = store_step(s, statement)) > 0)
                g_ptr_array_add(approvals, read_approval(statement));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(approvals);
        return 0;
}

static int bind_approval(Store *s, sqlite3_stmt *statement, const char *scheduled_job_id, const Approval *a) {
        const char *texts[] = { scheduled_job_id, a->approver, a->approved ? "approved" : "denied", a->comment,
                                a->digest };
        const int64_t numbers[] = { a->stage, a->approver_uid, (int64_t) a->date };
        int r = 0, column = 1;

        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = store_bind_text(s, statement, column++, texts[i]);
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = store_bind_int64(s, statement, column++, numbers[i]);
        return r;
}

int store_approval_insert(Store *s, const char *scheduled_job_id, const Approval *a) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, STORE_APPROVAL_INSERT,
                                  "INSERT INTO approval (scheduled_job_id, approver, decision, comment, digest, stage,"
                                  " approver_uid, date, voided) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                                  &statement);
        if (r >= 0)
                r = bind_approval(s, statement, scheduled_job_id, a);
        return r < 0 ? r : store_step(s, statement);
}

/* A statement that writes and has the scheduled job's id as its first parameter. */
static int write_for(Store *s, StoreStatement which, const char *sql, const char *scheduled_job_id,
                     const char *text) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_write_statement(s, which, sql, &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, scheduled_job_id);
        if (r >= 0 && text)
                r = store_bind_text(s, statement, 2, text);
        return r < 0 ? r : store_step(s, statement);
}

int store_approval_void(Store *s, const char *scheduled_job_id) {
        return write_for(s, STORE_APPROVAL_VOID,
                         "UPDATE approval SET voided = 1 WHERE scheduled_job_id = ? AND voided = 0", scheduled_job_id,
                         NULL);
}

int store_approval_put_facts(Store *s, const char *scheduled_job_id, const char *facts) {
        return write_for(s, STORE_APPROVAL_PUT_FACTS,
                         "INSERT INTO approval_request (scheduled_job_id, facts) VALUES (?1, ?2)"
                         " ON CONFLICT (scheduled_job_id) DO UPDATE SET facts = ?2",
                         scheduled_job_id, facts);
}

int store_approval_get_facts(Store *s, const char *scheduled_job_id, char **ret) {
        _cleanup_(store_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = store_statement(s, STORE_APPROVAL_GET_FACTS,
                            "SELECT facts FROM approval_request WHERE scheduled_job_id = ?", &statement);
        if (r >= 0)
                r = store_bind_text(s, statement, 1, scheduled_job_id);
        if (r < 0)
                return r;
        r = store_step(s, statement);
        if (r > 0)
                *ret = g_strdup(store_column_text(statement, 0));
        return r;
}
