/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "log.h"

static int max_level = LOG_INFO;
static LogTarget target = LOG_TARGET_JOURNAL;

static LogContextSource context_source;
static void *context_userdata;
static char **context; /* weak ref, while it is entered */

static const char *const level_names[] = {
        [LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
        [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

void log_set_max_level(int level) {
        max_level = level;
}

int log_get_max_level(void) {
        return max_level;
}

void log_set_target(LogTarget t) {
        target = t;
}

LogTarget log_get_target(void) {
        return target;
}

int log_level_from_string(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(level_names); i++)
                if (strcmp(text, level_names[i]) == 0)
                        return (int) i;
        return -EINVAL;
}

const char *log_level_to_string(int level) {
        return level >= 0 && level < (int) ELEMENTSOF(level_names) ? level_names[level] : NULL;
}

void log_context_set_source(LogContextSource source, void *userdata) {
        context_source = source;
        context_userdata = userdata;
}

char **log_context_capture(void) {
        if (context)
                return g_strdupv(context);
        return context_source ? context_source(context_userdata) : NULL;
}

void log_context_enter(char **fields) {
        context = fields;
}

static void add_field(GPtrArray *fields, char *field) {
        g_ptr_array_add(fields, field);
}

static void log_send(int level, GPtrArray *fields, const char *message) {
        g_autofree struct iovec *iov = NULL;

        if (target == LOG_TARGET_CONSOLE) {
                (void) fprintf(stderr, "%s\n", message);
                return;
        }

        add_field(fields, g_strdup_printf("MESSAGE=%s", message));
        add_field(fields, g_strdup_printf("PRIORITY=%i", level));
        iov = g_new(struct iovec, fields->len);
        for (guint i = 0; i < fields->len; i++)
                iov[i] = (struct iovec){ fields->pdata[i], strlen(fields->pdata[i]) };
        (void) sd_journal_sendv(iov, (int) fields->len);
}

int log_internal(int level, int error, const char *file, int line, const char *function, const char *format, ...) {
        int saved_errno = errno;
        va_list ap;

        if (level <= max_level) {
                g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
                g_autofree char *message = NULL;

                errno = -error; /* for %m */
                va_start(ap, format);
                message = g_strdup_vprintf(format, ap);
                va_end(ap);

                add_field(fields, g_strdup_printf("CODE_FILE=%s", file));
                add_field(fields, g_strdup_printf("CODE_LINE=%i", line));
                add_field(fields, g_strdup_printf("CODE_FUNC=%s", function));
                if (error < 0)
                        add_field(fields, g_strdup_printf("ERRNO=%i", -error));
                log_send(level, fields, message);
        }

        errno = saved_errno;
        return error;
}

void log_event(int level, const char *message_id, const char *const *extra, const char *format, ...) {
        g_autoptr(GPtrArray) fields = NULL;
        g_auto(GStrv) of_context = NULL;
        g_autofree char *message = NULL;
        va_list ap;

        if (level > max_level && !message_id)
                return;

        fields = g_ptr_array_new_with_free_func(g_free);
        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);

        if (message_id)
                add_field(fields, g_strdup_printf("MESSAGE_ID=%s", message_id));
        for (size_t i = 0; extra && extra[i]; i++)
                add_field(fields, g_strdup(extra[i]));
        of_context = log_context_capture();
        for (size_t i = 0; of_context && of_context[i]; i++)
                add_field(fields, g_strdup(of_context[i]));
        log_send(level, fields, message);
}

void log_entry(int level, const char *const *extra, const char *message) {
        g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);

        for (size_t i = 0; extra[i]; i++)
                add_field(fields, g_strdup(extra[i]));
        log_send(level, fields, message);
}
