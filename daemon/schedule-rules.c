/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "escape.h"
#include "schedule-rules.h"

#include "json.h"

void schedule_settings_done(ScheduleSettings *s) {
        g_clear_pointer(&s->spec, calendar_spec_free);
        g_clear_pointer(&s->name, g_free);
        g_clear_pointer(&s->crontab, g_free);
        g_clear_pointer(&s->time_zone, g_free);
}

_printf_(3, 4)
static void add_error(JsonObject *errors, const char *field, const char *format, ...) {
        g_autofree char *message = NULL;
        JsonArray *messages;
        va_list ap;

        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);

        messages = json_array_new();
        json_array_add_string_element(messages, message);
        json_object_set_array_member(errors, field, messages);
}

static bool is_given(const char *text) {
        return text && *text;
}

static void check_interval(const ScheduleRequest *request, ScheduleInterval *ret, JsonObject *errors) {
        g_autofree char *shown = NULL;

        *ret = is_given(request->interval) ? schedule_interval_from_string(request->interval)
                                           : _SCHEDULE_INTERVAL_INVALID;
        if (!is_given(request->interval))
                add_error(errors, "interval", "This field is required.");
        else if (*ret < 0) {
                shown = json_show_text(request->interval);
                add_error(errors, "interval",
                          "\"%s\" is not a valid choice. It is one of immediately, future, hourly, daily, weekly, "
                          "custom.",
                          shown);
        }
}

static void check_missed(const ScheduleRequest *request, ScheduleMissed *ret, JsonObject *errors) {
        g_autofree char *shown = NULL;

        *ret = is_given(request->missed) ? schedule_missed_from_string(request->missed) : SCHEDULE_MISSED_LAST;
        if (*ret < 0) {
                shown = json_show_text(request->missed);
                add_error(errors, "missed", "\"%s\" is not a valid choice. It is one of none, last, all.", shown);
        }
}

/* One line of text: it is shown in tables and is the description of units. */
static bool is_printable(const char *text) {
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                if (!g_unichar_isprint(g_utf8_get_char(p)))
                        return false;
        return !escape_is_needed(text);
}

static void check_name(const ScheduleRequest *request, bool required, char **ret, JsonObject *errors) {
        g_autofree char *name = g_strstrip(g_strdup(request->name ?: ""));

        if (!g_utf8_validate(name, -1, NULL) || !is_printable(name))
                add_error(errors, "name", "Please provide a name of one line, in UTF-8, without control characters.");
        else if (required && !*name)
                add_error(errors, "name", "Please provide a name for the job schedule.");
        else if (g_utf8_strlen(name, -1) > SCHEDULE_NAME_MAX)
                add_error(errors, "name", "Ensure this field has no more than %d characters.", SCHEDULE_NAME_MAX);
        else
                *ret = TAKE_PTR(name);
}

static void check_start_time(const ScheduleRequest *request, ScheduleInterval interval, uint64_t now_usec,
                             JsonObject *errors) {
        if (request->start_time == 0 && interval == SCHEDULE_INTERVAL_CUSTOM)
                return;
        if (request->start_time < now_usec + SCHEDULE_LEAD_USEC)
                add_error(errors, "start_time",
                          "Please enter a valid date and time greater than or equal to the current date and time.");
        else if (request->start_time / USEC_PER_SEC >= (uint64_t) TIME_ZONE_SEC_MAX)
                add_error(errors, "start_time", "Please enter a valid date and time before the year 10000.");
}

static void check_crontab(const ScheduleRequest *request, ScheduleInterval interval, char **ret, JsonObject *errors) {
        g_autofree char *error = NULL;
        int64_t unused;
        Crontab crontab;

        if (interval != SCHEDULE_INTERVAL_CUSTOM) {
                if (is_given(request->crontab))
                        add_error(errors, "crontab", "Only the interval \"custom\" has a crontab; leave it out.");
                else
                        *ret = g_strdup("");
        } else if (!is_given(request->crontab))
                add_error(errors, "crontab", "Please enter a valid crontab.");
        else if (crontab_parse(request->crontab, &crontab, &error) < 0)
                add_error(errors, "crontab", "Please enter a valid crontab: %s.", error);
        else if (crontab_next(&crontab, 0, &unused) < 0)
                add_error(errors, "crontab", "Please enter a valid crontab: there is no such day in any year.");
        else
                *ret = g_strdup(request->crontab);
}

static void check_time_zone(const ScheduleRequest *request, char **ret, JsonObject *errors) {
        g_autoptr(GTimeZone) zone = NULL;
        g_autofree char *shown = NULL;
        int r;

        if (!is_given(request->time_zone)) {
                *ret = time_zone_system();
                return;
        }

        r = time_zone_load(request->time_zone, &zone);
        if (r >= 0) {
                *ret = g_strdup(request->time_zone);
                return;
        }

        shown = json_show_text(request->time_zone);
        add_error(errors, "time_zone", "\"%s\" is not the name of a time zone %s, as \"Europe/Berlin\" is.", shown,
                  r == -EINVAL ? "of the IANA database" : "that this host has");
}

/* After all else has been found right: what is left to go wrong is that there is no time left. */
static int set_times(ScheduleSettings *s, ScheduleInterval interval, uint64_t start_time, uint64_t now_usec,
                     JsonObject *errors) {
        g_autofree char *error = NULL;
        int r;

        if (interval == SCHEDULE_INTERVAL_IMMEDIATELY)
                start_time = now_usec;
        r = calendar_spec_new(interval, s->crontab, start_time, s->time_zone, &s->spec, &error);
        if (r < 0) {
                add_error(errors, "start_time", "%s", error);
                return r;
        }

        r = calendar_next(s->spec, start_time > 0 ? start_time - 1 : now_usec, &s->next_run_at);
        if (r < 0) {
                add_error(errors, "start_time", "No run is due before the year 10000.");
                return r;
        }
        if (start_time == 0)
                s->spec->start_time = s->next_run_at;
        return 0;
}

static int check(const ScheduleRequest *request, uint64_t now_usec, ScheduleSettings *s, JsonObject *errors) {
        ScheduleInterval interval;
        bool later;

        check_interval(request, &interval, errors);
        later = interval != SCHEDULE_INTERVAL_IMMEDIATELY;
        check_name(request, later, &s->name, errors);
        check_missed(request, &s->missed, errors);
        check_time_zone(request, &s->time_zone, errors);

        /* Without an interval nobody knows what these should be. */
        if (interval < 0)
                return -EINVAL;

        if (later)
                check_start_time(request, interval, now_usec, errors);
        check_crontab(request, interval, &s->crontab, errors);

        if (json_object_get_size(errors) > 0)
                return -EINVAL;
        return set_times(s, interval, request->start_time, now_usec, errors);
}

int schedule_rules_check(const ScheduleRequest *request, uint64_t now_usec, ScheduleSettings *ret,
                         JsonObject **ret_errors) {
        _cleanup_(schedule_settings_done) ScheduleSettings s = {};
        g_autoptr(JsonObject) errors = json_object_new();

        if (check(request, now_usec, &s, errors) < 0) {
                *ret_errors = json_object_new();
                json_object_set_object_member(*ret_errors, "schedule", TAKE_PTR(errors));
                return -EINVAL;
        }

        *ret = s;
        s = (ScheduleSettings) {};
        return 0;
}
