/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log.h"
#include "scheduler-internal.h"
#include "time-zone.h"

/*
 * The rules of time zones are made by governments, and come with an update of tzdata: next times that were worked out
 * before are then times at which nothing is due. Which edition they are by is in a file of the state directory.
 */

#define FILE_NAME "time-zones"

void scheduler_zones_init(Scheduler *s) {
        g_autofree char *path = g_build_filename(s->context.state_directory, FILE_NAME, NULL);

        (void) g_file_get_contents(path, &s->zone_edition, NULL, NULL);
}

void scheduler_zones_store(Scheduler *s) {
        g_autofree char *path = g_build_filename(s->context.state_directory, FILE_NAME, NULL);
        g_autoptr(GError) error = NULL;

        if (!g_file_set_contents_full(path, s->zone_edition, -1,
                                      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
                log_error("Cannot store by which time zones next times are, they are worked out again at the next start: "
                          "%s",
                          error->message);
}

void scheduler_zones_check(Scheduler *s) {
        g_autofree char *edition = time_zone_edition();
        bool is_known = s->zone_edition;

        if (g_strcmp0(edition, s->zone_edition) == 0)
                return;
        g_free(s->zone_edition);
        s->zone_edition = TAKE_PTR(edition);
        if (is_known)
                scheduler_review_later(s, REVIEW_ZONES);
        else
                scheduler_zones_store(s);
}
