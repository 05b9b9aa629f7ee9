/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <stdio.h>

#include "access-sender.h"
#include "process.h"
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

static Sender *sender_free(Sender *s) {
        g_free(s->name);
        g_free(s->session);
        g_free(s->list_key);
        g_free(s);
        return NULL;
}
DEFINE_CLEANUP(Sender *, sender_free);

static void sender_free_func(void *s) {
        (void) sender_free(s);
}

bool access_is_direct(sd_bus_message *m) {
        return sd_bus_is_bus_client(sd_bus_message_get_bus(m)) <= 0;
}

/* The bus says which uid; the rest is of the process, by its cgroup, so it can be missing when that is gone. */
#define PEER_CREDS (SD_BUS_CREDS_SESSION | SD_BUS_CREDS_OWNER_UID | SD_BUS_CREDS_AUDIT_LOGIN_UID)
#define CREDS (SD_BUS_CREDS_EUID | PEER_CREDS | SD_BUS_CREDS_PID | SD_BUS_CREDS_UNIT | SD_BUS_CREDS_AUGMENT)

static void sender_set_login(Sender *s, sd_bus_creds *creds) {
        const char *session;
        uid_t uid;

        s->login_uid = UINT32_MAX;
        if (sd_bus_creds_get_session(creds, &session) >= 0)
                s->session = g_strdup(session);
        if (sd_bus_creds_get_owner_uid(creds, &uid) >= 0 || sd_bus_creds_get_audit_login_uid(creds, &uid) >= 0)
                s->login_uid = uid;
}

/*
 * Whoever calls through the gateway of the REST API has connected to a socket with Accept=yes, and PID 1 has put them into
 * the name of the unit (systemd.socket(5)): jobd-rest@CONNECTION-PID-UID.service. The process is theirs still if it is
 * older than the gateway, which was started for it, and of that user. NULL: it is no gateway, or theirs has gone.
 */
static sd_bus_creds *gateway_peer(sd_bus_creds *creds, uid_t caller) {
        unsigned number, peer, uid;
        uint64_t of_peer, of_gateway;
        sd_bus_creds *ret = NULL;
        const char *unit;
        pid_t gateway;

        if (sd_bus_creds_get_unit(creds, &unit) < 0 || sd_bus_creds_get_pid(creds, &gateway) < 0 ||
            sscanf(unit, "jobd-rest@%u-%u-%u.service", &number, &peer, &uid) != 3 || uid != caller || peer == 0)
                return NULL;
        if (sd_bus_creds_new_from_pid(&ret, (pid_t) peer, PEER_CREDS) < 0)
                return NULL;
        if (process_start_time((pid_t) peer, &of_peer) < 0 || process_start_time(gateway, &of_gateway) < 0 ||
            of_peer > of_gateway)
                return sd_bus_creds_unref(ret);
        return ret;
}

/* NULL: it cannot be found. */
static Sender *sender_new(sd_bus_creds *creds) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *peer = NULL;
        uid_t uid;
        Sender *s;

        if (sd_bus_creds_get_euid(creds, &uid) < 0)
                return NULL;
        peer = gateway_peer(creds, uid);
        s = g_new0(Sender, 1);
        s->uid = uid;
        sender_set_login(s, peer ?: creds);
        return s;
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
        Sender *s;

        if (!name)
                return NULL;
        s = g_hash_table_lookup(senders->by_name, name);
        if (s)
                return s;
        if (sd_bus_query_sender_creds(m, CREDS, &creds) < 0)
                return NULL;
        s = sender_new(creds);
        if (!s)
                return NULL;
        if (g_hash_table_size(senders->by_name) >= SENDERS_MAX)
                g_hash_table_remove_all(senders->by_name);
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

/* There sd-bus looks at no process by itself: it does so on the system bus only. */
static Sender *find_direct(sd_bus_message *m) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL, *of_process = NULL;
        Sender *s;
        pid_t pid;

        if (sd_bus_get_owner_creds(sd_bus_message_get_bus(m), SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds) < 0)
                return NULL;
        if (sd_bus_creds_get_pid(creds, &pid) >= 0)
                (void) sd_bus_creds_new_from_pid(&of_process, pid, PEER_CREDS);
        s = sender_new(creds);
        if (s && of_process)
                sender_set_login(s, of_process);
        return s;
}

uint32_t access_senders_login_uid(AccessSenders *senders, sd_bus_message *m) {
        _cleanup_(sender_freep) Sender *direct = access_is_direct(m) ? find_direct(m) : NULL;
        const Sender *s = access_is_direct(m) ? direct : find_sender(senders, m);

        return s ? s->login_uid : UINT32_MAX;
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

char **access_senders_fields(AccessSenders *senders, sd_bus_message *m) {
        _cleanup_(sender_freep) Sender *direct = access_is_direct(m) ? find_direct(m) : NULL;
        const Sender *s = access_is_direct(m) ? direct : find_sender(senders, m);
        GPtrArray *fields = g_ptr_array_new();

        g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER_UID=%" PRIu32, s ? s->uid : UINT32_MAX));
        if (s && s->session)
                g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER_SESSION=%s", s->session));
        if (s && s->login_uid != UINT32_MAX && s->login_uid != s->uid)
                g_ptr_array_add(fields, g_strdup_printf("JOB_CALLER_LOGIN_UID=%" PRIu32, s->login_uid));
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
