/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "input-share.h"

enum { SHARES = 16 };

typedef struct Amount {
        uint32_t uid;
        uint64_t on_disk, in_memory;
} Amount;

struct InputShare {
        GHashTable *by_id;  /* id -> Amount, both owned */
        GHashTable *by_uid; /* uid -> Amount, owned: the sum of theirs */
};

InputShare *input_share_new(void) {
        InputShare *s = g_new(InputShare, 1);

        *s = (InputShare){
                .by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                .by_uid = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        };
        return s;
}

InputShare *input_share_free(InputShare *s) {
        if (!s)
                return NULL;
        g_hash_table_unref(s->by_id);
        g_hash_table_unref(s->by_uid);
        g_free(s);
        return NULL;
}

void input_share_add(InputShare *s, const char *id, uint32_t uid, uint64_t on_disk, uint64_t in_memory) {
        const Amount a = { uid, on_disk, in_memory };
        Amount *sum;

        input_share_remove(s, id);
        sum = g_hash_table_lookup(s->by_uid, GUINT_TO_POINTER(uid));
        if (!sum) {
                sum = g_new0(Amount, 1);
                (void) g_hash_table_insert(s->by_uid, GUINT_TO_POINTER(uid), sum);
        }
        sum->on_disk += on_disk;
        sum->in_memory += in_memory;
        (void) g_hash_table_insert(s->by_id, g_strdup(id), g_memdup2(&a, sizeof(a)));
}

bool input_share_change(InputShare *s, const char *id, uint64_t more_on_disk, uint64_t in_memory) {
        const Amount *a = g_hash_table_lookup(s->by_id, id);

        if (a)
                input_share_add(s, id, a->uid, a->on_disk + more_on_disk, in_memory);
        return a;
}

void input_share_copy(InputShare *s, const char *from, const char *to) {
        const Amount *a = g_hash_table_lookup(s->by_id, from);

        if (a)
                input_share_add(s, to, a->uid, a->on_disk, a->in_memory);
}

void input_share_remove(InputShare *s, const char *id) {
        const Amount *a = g_hash_table_lookup(s->by_id, id);
        Amount *sum = a ? g_hash_table_lookup(s->by_uid, GUINT_TO_POINTER(a->uid)) : NULL;

        if (!sum)
                return;
        sum->on_disk -= a->on_disk;
        sum->in_memory -= a->in_memory;
        if (sum->on_disk == 0 && sum->in_memory == 0)
                (void) g_hash_table_remove(s->by_uid, GUINT_TO_POINTER(a->uid));
        (void) g_hash_table_remove(s->by_id, id);
}

static bool allows(uint32_t uid, uint64_t all, uint64_t own, uint64_t more, uint64_t max) {
        return uid == 0 || all + more <= max / 2 || own + more <= MAX(max / SHARES, 1);
}

static Amount get_sum(const InputShare *s, uint32_t uid) {
        const Amount *sum = g_hash_table_lookup(s->by_uid, GUINT_TO_POINTER(uid));

        return sum ? *sum : (Amount){};
}

bool input_share_allows_on_disk(const InputShare *s, uint32_t uid, uint64_t all, uint64_t more, uint64_t max) {
        return allows(uid, all, get_sum(s, uid).on_disk, more, max);
}

bool input_share_allows_in_memory(const InputShare *s, uint32_t uid, uint64_t all, uint64_t more, uint64_t max) {
        return allows(uid, all, get_sum(s, uid).in_memory, more, max);
}
