/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "journal.h"
#include "json.h"

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

static int journal_open(sd_journal **ret) {
        int r;

        r = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return r;
        return sd_journal_set_data_threshold(*ret, 0); /* lines as long as they are */
}

int journal_open_run(const char *unit, const char *result_id, sd_journal **ret) {
        _cleanup_(journal_closep) sd_journal *j = NULL;
        int r;

        r = journal_open(&j);
        if (r >= 0)
                r = add_match(j, "_SYSTEMD_UNIT", unit);
        if (r >= 0)
                r = sd_journal_add_disjunction(j);
        if (r >= 0)
                r = add_match(j, "_SYSTEMD_UNIT", JOBD_UNIT);
        if (r >= 0)
                r = add_match(j, "JOB_RESULT_ID", result_id);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/* The field's value as text that is valid UTF-8 whatever the job wrote; NULL when there is no such field. */
static char *entry_text(sd_journal *j, const char *field) {
        const void *data;
        size_t size, prefix = strlen(field) + 1;

        if (sd_journal_get_data(j, field, &data, &size) < 0 || size < prefix)
                return NULL;
        return g_utf8_make_valid((const char *) data + prefix, (gssize) (size - prefix));
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

char *journal_format_entry(sd_journal *j) {
        g_autoptr(JsonObject) object = json_object_new();
        g_autofree char *unit = entry_text(j, "_SYSTEMD_UNIT");
        g_autoptr(JsonNode) node = NULL;
        _cleanup_free_ char *cursor = NULL;
        g_autofree char *text = NULL;
        uint64_t usec;

        if (sd_journal_get_realtime_usec(j, &usec) < 0)
                return NULL;
        json_object_set_int_member(object, "time", (gint64) usec);
        if (sd_journal_get_cursor(j, &cursor) >= 0)
                json_object_set_string_member(object, "cursor", cursor);
        json_object_set_string_member(object, "source", g_strcmp0(unit, JOBD_UNIT) == 0 ? "jobd" : "job");
        add_number_member(object, j, "priority", "PRIORITY");
        add_text_member(object, j, "identifier", "SYSLOG_IDENTIFIER");
        add_number_member(object, j, "pid", "_PID");
        add_text_member(object, j, "message", "MESSAGE");
        if (!json_object_has_member(object, "message"))
                return NULL;

        node = json_node_init_object(json_node_alloc(), object);
        text = json_format(node);
        return g_strconcat(text, "\n", NULL);
}

/* "jobd-run-….service: Failed at step EXEC spawning /no/such: No such file or directory" */
static bool parse_spawn_failure(const char *message, char **ret_step, char **ret_error) {
        static const char before[] = "Failed at step ", between[] = " spawning ";
        const char *step, *rest, *error;

        step = strstr(message, before);
        if (!step)
                return false;
        step += strlen(before);
        rest = strstr(step, between);
        if (!rest)
                return false;
        *ret_step = g_strndup(step, (gsize) (rest - step));
        rest += strlen(between);
        /* The program is what is wrong with step EXEC only. */
        error = strstr(rest, ": ");
        *ret_error = g_strdup(error && strcmp(*ret_step, "EXEC") != 0 ? error + 2 : rest);
        return true;
}

int journal_find_start_failure(const char *unit, char **ret_step, char **ret_error) {
        _cleanup_(journal_closep) sd_journal *j = NULL;
        g_autofree char *message = NULL;
        int r;

        r = journal_open(&j);
        if (r >= 0)
                r = sd_journal_add_match(j, SPAWN_FAILED_MATCH, 0);
        if (r >= 0)
                r = add_match(j, "UNIT", unit);
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
