/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <stdio.h>

#include "access-sender.h"
#include "user.h"

enum {
        SENDERS_MAX = 1024,
        LIST_KEEP_SEC = 60,
};

typedef struct Sender {
        uint32_t uid;
        uint32_t login_uid;
        char *name;    /* NULL until somebody wants to know */
        char *session; /* NULL: none */
        char *list_key;
        AccessListState list;
        gint64 list_kept_usec; /* monotonic */
} Sender;

struct AccessSenders {
        GHashTable *by_name; /* unique name -> Sender, owned; a unique name is never used again */
};

static void sender_free_func(void *p) {
        Sender *s = p;

        g_free(s->name);
        g_free(s->session);
        g_free(s->list_key);
        g_free(s);
}

bool access_is_direct(sd_bus_message *m) {
        return sd_bus_is_bus_client(sd_bus_message_get_bus(m)) <= 0;
}

/* The bus says which uid; the rest is of the process, by its cgroup, so it can be missing when that is gone. */
#define PEER_CREDS (SD_BUS_CREDS_OWNER_UID | SD_BUS_CREDS_AUDIT_LOGIN_UID)
#define LOGIN_CREDS (PEER_CREDS | SD_BUS_CREDS_PID | SD_BUS_CREDS_UNIT | SD_BUS_CREDS_AUGMENT)
#define CREDS (SD_BUS_CREDS_EUID | SD_BUS_CREDS_SESSION | LOGIN_CREDS)

static char *session_of(sd_bus_creds *creds) {
        const char *session;

        return sd_bus_creds_get_session(creds, &session) >= 0 ? g_strdup(session) : NULL;
}

static uint32_t login_uid_of_process(sd_bus_creds *creds) {
        uid_t uid;

        return sd_bus_creds_get_owner_uid(creds, &uid) >= 0 || sd_bus_creds_get_audit_login_uid(creds, &uid) >= 0
                       ? uid
                       : UINT32_MAX;
}

/*
 * 0: it is no gateway. Who has connected to a socket with Accept=yes is in the name of its unit (systemd.socket(5)):
 * jobd-rest@CONNECTION-PID-UID.service.
 */
static pid_t gateway_peer(sd_bus_creds *creds) {
        const char *unit;
        unsigned number, pid, uid;

        if (sd_bus_creds_get_unit(creds, &unit) < 0 ||
            sscanf(unit, "jobd-rest@%u-%u-%u.service", &number, &pid, &uid) != 3)
                return 0;
        return (pid_t) pid;
}

static uint32_t login_uid_of(sd_bus_creds *creds) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *of_peer = NULL;
        uint32_t uid = login_uid_of_process(creds);
        pid_t peer = uid == UINT32_MAX ? gateway_peer(creds) : 0;

        if (peer > 0 && sd_bus_creds_new_from_pid(&of_peer, peer, PEER_CREDS) >= 0)
                return login_uid_of_process(of_peer);
        return uid;
}

static uint32_t direct_uid(sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t uid;

        if (sd_bus_get_owner_creds(sd_bus_message_get_bus(m), SD_BUS_CREDS_EUID, &creds) < 0 ||
            sd_bus_creds_get_euid(creds, &uid) < 0)
                return UINT32_MAX;
        return uid;
}

/* NULL: it cannot be found. */
static Sender *find_sender(AccessSenders *senders, sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        const char *name = sd_bus_message_get_sender(m);
        uid_t uid;
        Sender *s;

        if (!name)
                return NULL;
        s = g_hash_table_lookup(senders->by_name, name);
        if (s)
                return s;
        if (sd_bus_query_sender_creds(m, CREDS, &creds) < 0 || sd_bus_creds_get_euid(creds, &uid) < 0)
                return NULL;

        if (g_hash_table_size(senders->by_name) >= SENDERS_MAX)
                g_hash_table_remove_all(senders->by_name);
        s = g_new0(Sender, 1);
        s->uid = uid;
        s->login_uid = login_uid_of(creds);
        s->session = session_of(creds);
        (void) g_hash_table_insert(senders->by_name, g_strdup(name), s);
        return s;
}

uint32_t access_senders_uid(AccessSenders *senders, sd_bus_message *m) {
        const Sender *s;

        if (access_is_direct(m))
                return direct_uid(m);
        s = find_sender(senders, m);
        return s ? s->uid : UINT32_MAX;
}

uint32_t access_senders_login_uid(AccessSenders *senders, sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        const Sender *s;

        if (!access_is_direct(m)) {
                s = find_sender(senders, m);
                return s ? s->login_uid : UINT32_MAX;
        }
        return sd_bus_get_owner_creds(sd_bus_message_get_bus(m), LOGIN_CREDS, &creds) < 0 ? UINT32_MAX
                                                                                       : login_uid_of(creds);
}

char *access_senders_name(AccessSenders *senders, sd_bus_message *m) {
        Sender *s;

        if (access_is_direct(m))
                return user_name(direct_uid(m));
        s = find_sender(senders, m);
        if (!s)
                return user_name(UINT32_MAX);
        if (!s->name)
                s->name = user_name(s->uid);
        return g_strdup(s->name);
}

static char *direct_session(sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;

        return sd_bus_get_owner_creds(sd_bus_message_get_bus(m), CREDS, &creds) >= 0 ? session_of(creds) : NULL;
}

char **access_senders_fields(AccessSenders *senders, sd_bus_message *m) {
        g_autofree char *session = NULL;
        GPtrArray *fields = g_ptr_array_new();
        const Sender *s;

        if (access_is_direct(m))
                session = direct_session(m);
        else if ((s = find_sender(senders, m)))
                session = g_strdup(s->session);
        g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER_UID=%" PRIu32, access_senders_uid(senders, m)));
        if (session)
                g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER_SESSION=%s", session));
        g_ptr_array_add(fields, NULL);
        return (char **) g_ptr_array_free(fields, false);
}

AccessListState access_senders_find_list(AccessSenders *senders, sd_bus_message *m, const char *key) {
        const Sender *s;

        s = access_is_direct(m) ? NULL : find_sender(senders, m);
        if (!s || g_strcmp0(s->list_key, key) != 0 ||
            g_get_monotonic_time() - s->list_kept_usec > LIST_KEEP_SEC * (gint64) USEC_PER_SEC)
                return (AccessListState){};
        return s->list;
}

void access_senders_keep_list(AccessSenders *senders, sd_bus_message *m, const char *key,
                              const AccessListState *state) {
        Sender *s;

        s = access_is_direct(m) ? NULL : find_sender(senders, m);
        if (!s)
                return;
        g_clear_pointer(&s->list_key, g_free);
        if (!state)
                return;
        s->list_key = g_strdup(key);
        s->list = *state;
        s->list_kept_usec = g_get_monotonic_time();
}

AccessSenders *access_senders_new(void) {
        AccessSenders *senders;

        senders = g_new0(AccessSenders, 1);
        senders->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sender_free_func);
        return senders;
}

AccessSenders *access_senders_free(AccessSenders *senders) {
        if (!senders)
                return NULL;
        g_hash_table_unref(senders->by_name);
        g_free(senders);
        return NULL;
}
