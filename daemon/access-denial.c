/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access-denial.h"
#include "log.h"
#include "message-ids.h"

enum { USERS_MAX = 1024 };

#define INTERVAL_USEC (60 * USEC_PER_SEC)

struct AccessDenials {
        GHashTable *users; /* name, owned -> how many */
        sd_event_source *timer;
};

static void report_user(const char *user, unsigned n) {
        g_autofree char *field = g_strdup_printf("JOB_CALLER=%s", user);
        const char *fields[] = { field, NULL };

        if (n > DENIALS_LOGGED_MAX)
                log_event(LOG_NOTICE, JOBD_MESSAGE_ACCESS_DENIED_STR, fields,
                          "Denied %s %u more calls in this minute, which are not logged one by one", user,
                          n - DENIALS_LOGGED_MAX);
}

static void report(AccessDenials *d) {
        GHashTableIter i;
        void *user, *n;

        g_hash_table_iter_init(&i, d->users);
        while (g_hash_table_iter_next(&i, &user, &n))
                report_user(user, GPOINTER_TO_UINT(n));
        g_hash_table_remove_all(d->users);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        report(userdata);
        return 0;
}

bool access_denials_add(AccessDenials *d, const char *user) {
        unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(d->users, user));

        if (n == 0 && g_hash_table_size(d->users) >= USERS_MAX)
                report(d);
        if (g_hash_table_size(d->users) == 0) {
                (void) sd_event_source_set_time_relative(d->timer, INTERVAL_USEC);
                (void) sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
        }
        if (n < UINT32_MAX)
                n++;
        (void) g_hash_table_insert(d->users, g_strdup(user), GUINT_TO_POINTER(n));
        return n <= DENIALS_LOGGED_MAX;
}

int access_denials_new(sd_event *event, AccessDenials **ret) {
        _cleanup_(access_denials_freep) AccessDenials *d = NULL;
        int r;

        d = g_new0(AccessDenials, 1);
        d->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        r = sd_event_add_time_relative(event, &d->timer, CLOCK_MONOTONIC, INTERVAL_USEC, 0, on_timer, d);
        if (r >= 0)
                r = sd_event_source_set_enabled(d->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

AccessDenials *access_denials_free(AccessDenials *d) {
        if (!d)
                return NULL;
        report(d); /* what was counted since */
        g_hash_table_unref(d->users);
        (void) sd_event_source_disable_unref(d->timer);
        g_free(d);
        return NULL;
}
