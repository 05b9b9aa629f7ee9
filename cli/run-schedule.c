/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-report.h"
#include "find-schedule.h"
#include "now.h"
#include "output.h"
#include "run-schedule.h"
#include "schedule-text.h"
#include "stage-text.h"
#include "time-zone.h"
#include "when.h"

#define MINUTE_USEC (60 * USEC_PER_SEC)

void schedule_options_done(ScheduleOptions *o) {
        g_free(o->at);
        g_free(o->interval);
        g_free(o->crontab);
        g_free(o->time_zone);
        g_free(o->name);
        g_free(o->missed);
}

bool schedule_options_given(const ScheduleOptions *o) {
        return o->at || o->interval || o->crontab || o->time_zone || o->name || o->missed;
}

static bool recurs(const char *interval) {
        return interval && strcmp(interval, "future") != 0 && strcmp(interval, "immediately") != 0;
}

static int parse_start(const Verb *verb, ScheduleOptions *o, JsonObject *of, GTimeZone *zone) {
        g_autofree char *error = NULL;
        uint64_t now = now_usec();

        if (when_parse(o->at, zone, now, &o->start_time, &error) < 0)
                return usage_error(verb, "%s: --at: %s.", verb->name, error);
        if (o->start_time < now) {
                g_autofree char *time = format_time(o->start_time);

                return usage_error(verb, "%s: --at=\"%s\" is %s, which is over. (A time without a day is today's.)",
                                   verb->name, o->at, time);
        }
        if (recurs(o->effective_interval ?: of ? json_string(of, "interval") : NULL))
                o->start_time = (o->start_time + MINUTE_USEC - 1) / MINUTE_USEC * MINUTE_USEC;
        return -1;
}

int schedule_options_check(const Verb *verb, ScheduleOptions *o, JsonObject *of) {
        g_autofree char *system_zone = time_zone_system();
        const char *current_zone = of ? json_string(of, "time_zone") : NULL;
        const char *name = o->time_zone ?: current_zone ?: system_zone;
        g_autoptr(GTimeZone) zone = NULL;

        o->effective_interval = o->interval;
        if (!o->interval && o->crontab)
                o->effective_interval = "custom";
        else if (!o->interval && o->at && !of)
                o->effective_interval = "future";
        if (time_zone_load(name, &zone) < 0)
                return usage_error(verb, "%s: there is no time zone \"%s\" on this host: \"timedatectl list-timezones\" "
                                   "has their names.", verb->name, name);
        return o->at ? parse_start(verb, o, of, zone) : -1;
}

int schedule_options_append(const ScheduleOptions *o, sd_bus_message *m) {
        const struct {
                const char *name, *value;
        } texts[] = {
                { "interval", o->effective_interval }, { "crontab", o->crontab }, { "time_zone", o->time_zone },
                { "name", o->name },                   { "missed", o->missed },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
                if (texts[i].value)
                        r = sd_bus_message_append(m, "{sv}", texts[i].name, "s", texts[i].value);
        if (r >= 0 && o->start_time > 0)
                r = sd_bus_message_append(m, "{sv}", "start_time", "t", o->start_time);
        return r;
}

int schedule_print_new(Jobctl *j, Connection *c, const char *id, const char *path, bool only_id, bool quiet) {
        g_autofree char *next = NULL, *name = NULL, *safe = NULL, *lack = NULL;
        g_autoptr(JsonObject) schedule = NULL;

        if (only_id && !j->json) {
                puts(id);
                return EXIT_SUCCESS;
        }
        if (quiet && !j->json)
                return EXIT_SUCCESS;
        if (get_schedule(c, path, id, &schedule) < 0)
                return STATUS_ERROR;
        if (j->json) {
                print_json_object(TAKE_PTR(schedule));
                return EXIT_SUCCESS;
        }

        next = schedule_next_text(schedule, now_usec());
        safe = output_escape(next);
        name = output_escape(json_string(schedule, "name") ?: "?");
        printf("%s, scheduled job %s: %s.\n", name, id, safe);
        lack = request_lack_text(schedule);
        if (lack)
                (void) report_error(0, "%s.", lack);
        return EXIT_SUCCESS;
}
