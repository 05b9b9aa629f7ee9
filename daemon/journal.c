/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "journal.h"
#include "json.h"
#include "redact.h"

/* SD_MESSAGE_SPAWN_FAILED: "A process could not be executed", with the fields UNIT= and EXECUTABLE=. */
#define SPAWN_FAILED_MATCH "MESSAGE_ID=641257651c1b4ec9a8624d7a40a9e1e7"

#define JOBD_UNIT "jobd.service"

static void journal_closep(sd_journal **j) {
        if (*j)
                sd_journal_close(*j);
}

static int add_match(sd_journal *j, const char *field, const char *value) {
        g_autofree char *match = g_strdup_printf("%s=%s", field, value);

        return sd_journal_add_match(j, match, 0);
}

/*
 * journald takes entries of hundreds of megabytes; what we hold and send of one is bounded. Lines of standard output never
 * are as long, they arrive in pieces of 48 KiB (journald.conf(5), LineMax=).
 */
enum { FIELD_SIZE_MAX = 64 * 1024 };

static int journal_open(sd_journal **ret) {
        int r;

        r = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return r;
        return sd_journal_set_data_threshold(*ret, FIELD_SIZE_MAX + 1024);
}

/* Several values of one field are alternatives (sd_journal_add_match(3)). */
static int add_priorities(sd_journal *j, int max_priority) {
        int r = 0;

        for (int i = 0; max_priority < LOG_DEBUG && i <= max_priority && r >= 0; i++) {
                char digit[] = { (char) ('0' + i), '\0' };

                r = add_match(j, "PRIORITY", digit);
        }
        return r;
}

static int add_own_lines(sd_journal *j, const char *unit, int max_priority) {
        int r;

        r = add_match(j, "_SYSTEMD_UNIT", unit);
        if (r >= 0)
                r = add_priorities(j, max_priority);
        return r < 0 ? r : sd_journal_add_disjunction(j);
}

int journal_open_run(const char *unit, const char *result_id, const JournalFilter *filter, sd_journal **ret) {
        _cleanup_(journal_closep) sd_journal *j = NULL;
        int r;

        r = journal_open(&j);
        if (r >= 0 && !filter->grouping)
                r = add_own_lines(j, unit, filter->max_priority);
        if (r >= 0)
                r = add_match(j, "_SYSTEMD_UNIT", JOBD_UNIT);
        if (r >= 0)
                r = add_match(j, "JOB_RESULT_ID", result_id);
        if (r >= 0)
                r = add_priorities(j, filter->max_priority);
        if (r >= 0 && filter->grouping)
                r = add_match(j, "JOB_LOG_GROUPING", filter->grouping);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/* Says that there was more; frees what it is given. */
static char *cut_text(char *text) {
        char *cut = g_strconcat(text, " [cut here, the journal has all of it]", NULL);

        g_free(text);
        return cut;
}

/* The field's value as text that is valid UTF-8 whatever the job wrote; NULL when there is no such field. */
static char *entry_text(sd_journal *j, const char *field) {
        size_t size, prefix = strlen(field) + 1;
        const void *data;
        char *text;

        if (sd_journal_get_data(j, field, &data, &size) < 0 || size < prefix)
                return NULL;
        size -= prefix;
        text = g_utf8_make_valid((const char *) data + prefix, (gssize) MIN(size, FIELD_SIZE_MAX));
        return size <= FIELD_SIZE_MAX ? text : cut_text(text);
}

static void add_text_member(JsonObject *object, sd_journal *j, const char *member, const char *field) {
        g_autofree char *text = entry_text(j, field);

        if (text)
                json_object_set_string_member(object, member, text);
}

static void add_number_member(JsonObject *object, sd_journal *j, const char *member, const char *field) {
        g_autofree char *text = entry_text(j, field);
        gint64 n;

        if (text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &n, NULL))
                json_object_set_int_member(object, member, n);
}

/* What a job has written stands in the journal as it is; what jobd hands out of it is redacted. */
static void add_message_member(JsonObject *object, sd_journal *j) {
        g_autofree char *text = entry_text(j, "MESSAGE"), *redacted = text ? redact(text) : NULL;

        if (redacted)
                json_object_set_string_member(object, "message", redacted);
}

/* Whose words these are. What jobd wrote for a run is the run's; from the run itself such fields count for nothing. */
static void add_source_members(JsonObject *object, sd_journal *j) {
        g_autofree char *unit = entry_text(j, "_SYSTEMD_UNIT"), *level = NULL;

        if (g_strcmp0(unit, JOBD_UNIT) == 0)
                level = entry_text(j, "JOB_LOG_LEVEL");
        json_object_set_string_member(object, "source", g_strcmp0(unit, JOBD_UNIT) != 0 || level ? "job" : "jobd");
        if (!level) {
                add_number_member(object, j, "pid", "_PID");
                return;
        }
        json_object_set_string_member(object, "level", level);
        add_text_member(object, j, "grouping", "JOB_LOG_GROUPING");
        add_text_member(object, j, "object", "JOB_LOG_OBJECT");
}

char *journal_format_entry(sd_journal *j) {
        g_autoptr(JsonObject) object = json_object_new();
        g_autoptr(JsonNode) node = NULL;
        _cleanup_free_ char *cursor = NULL;
        g_autofree char *text = NULL;
        uint64_t usec;

        if (sd_journal_get_realtime_usec(j, &usec) < 0)
                return NULL;
        json_object_set_int_member(object, "time", (gint64) usec);
        if (sd_journal_get_cursor(j, &cursor) >= 0)
                json_object_set_string_member(object, "cursor", cursor);
        add_source_members(object, j);
        add_number_member(object, j, "priority", "PRIORITY");
        add_text_member(object, j, "identifier", "SYSLOG_IDENTIFIER");
        add_message_member(object, j);
        if (!json_object_has_member(object, "message"))
                return NULL;

        node = json_node_init_object(json_node_alloc(), object);
        text = json_format(node);
        return g_strconcat(text, "\n", NULL);
}

enum { STEP_SIZE_MAX = 40, ERROR_SIZE_MAX = 4096 };

/* "jobd-run-….service: Failed at step EXEC spawning /no/such: No such file or directory" */
static bool parse_spawn_failure(const char *message, char **ret_step, char **ret_error) {
        static const char before[] = "Failed at step ", between[] = " spawning ";
        const char *step, *rest, *error;

        step = strstr(message, before);
        if (!step)
                return false;
        step += strlen(before);
        rest = strstr(step, between);
        /* A run's own processes can write such a line too: what is taken from it is a step's name, and little text. */
        if (!rest || (size_t) (rest - step) != strspn(step, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") || rest - step > STEP_SIZE_MAX)
                return false;
        *ret_step = g_strndup(step, (gsize) (rest - step));
        rest += strlen(between);
        /* The program is what is wrong with step EXEC only. */
        error = strstr(rest, ": ");
        *ret_error = g_strndup(error && strcmp(*ret_step, "EXEC") != 0 ? error + 2 : rest, ERROR_SIZE_MAX);
        return true;
}

int journal_find_start_failure(const char *unit, uint32_t main_pid, char **ret_step, char **ret_error) {
        g_autofree char *message = NULL, *pid = g_strdup_printf("%" PRIu32, main_pid);
        _cleanup_(journal_closep) sd_journal *j = NULL;
        int r;

        r = journal_open(&j);
        if (r >= 0)
                r = sd_journal_add_match(j, SPAWN_FAILED_MATCH, 0);
        if (r >= 0)
                r = add_match(j, "UNIT", unit);
        /*
         * Anybody can write these two. Not _SYSTEMD_UNIT: journald looks that up in /proc when it reads the entry, and the
         * starter is often gone by then (seen in 8 of 100 failures); the pid comes with the entry, from the kernel.
         */
        if (r >= 0)
                r = add_match(j, "_PID", pid);
        if (r >= 0)
                r = sd_journal_seek_tail(j);
        if (r >= 0)
                r = sd_journal_previous(j);
        if (r <= 0)
                return r;
        message = entry_text(j, "MESSAGE");
        return message && parse_spawn_failure(message, ret_step, ret_error);
}

int journal_knows_unit(const char *unit) {
        _cleanup_(journal_closep) sd_journal *j = NULL;
        int r;

        r = journal_open(&j);
        if (r >= 0)
                r = sd_journal_add_match(j, "_PID=1", 0);
        if (r >= 0)
                r = add_match(j, "UNIT", unit);
        if (r >= 0)
                r = sd_journal_seek_head(j);
        if (r >= 0)
                r = sd_journal_next(j);
        return r;
}
