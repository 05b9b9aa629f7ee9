/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "queue-order.h"

/* Divided by a weight (1 to 10000) it is how far one start moves a queue's turn; without a remainder for most weights. */
#define TURN_STEP UINT64_C(2520000000)

typedef struct Requester {
        uint32_t uid;
        uint64_t n_waiting;
        uint64_t n_running;
        GList link; /* in the queue's line while something waits; data is this */
} Requester;

typedef struct Line {
        char *queue;
        QueueRules rules;
        uint64_t n_waiting, n_aside, n_running;
        uint64_t turn;         /* the lowest comes first */
        unsigned passed_over;  /* starts of queues of a higher priority since the last one of this */
        bool took_part;        /* in the last choice */
        GHashTable *requesters; /* uid -> Requester, owned; who has something waiting or running */
        GQueue line;           /* of Requester.link, whose turn it is first */
} Line;

struct QueueOrder {
        GHashTable *lines; /* queue -> Line, owned */
        uint64_t turn;     /* of the queue that was chosen last */
};

static const QueueRules default_rules = { .enabled = true, .weight = 100 };

static void line_free_func(void *p) {
        Line *l = p;

        g_hash_table_unref(l->requesters);
        g_free(l->queue);
        g_free(l);
}

QueueOrder *queue_order_new(void) {
        QueueOrder *o;

        o = g_new0(QueueOrder, 1);
        o->lines = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, line_free_func);
        return o;
}

QueueOrder *queue_order_free(QueueOrder *o) {
        if (!o)
                return NULL;
        g_hash_table_unref(o->lines);
        g_free(o);
        return NULL;
}

static const Line *line_find(const QueueOrder *o, const char *queue) {
        return g_hash_table_lookup(o->lines, queue);
}

static Line *line_get(QueueOrder *o, const char *queue) {
        Line *l;

        l = g_hash_table_lookup(o->lines, queue);
        if (l)
                return l;
        l = g_new0(Line, 1);
        l->queue = g_strdup(queue);
        l->rules = default_rules;
        l->requesters = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
        g_queue_init(&l->line);
        (void) g_hash_table_insert(o->lines, l->queue, l);
        return l;
}

void queue_order_set_rules(QueueOrder *o, const char *queue, const QueueRules *rules) {
        Line *l = line_get(o, queue);

        l->rules = rules ? *rules : default_rules;
        if (!rules && l->n_waiting + l->n_aside + l->n_running == 0)
                (void) g_hash_table_remove(o->lines, queue);
}

/* ---- counting ---- */

static Requester *requester_find(const Line *l, uint32_t uid) {
        return g_hash_table_lookup(l->requesters, GUINT_TO_POINTER(uid));
}

static Requester *requester_get(Line *l, uint32_t uid) {
        Requester *r = requester_find(l, uid);

        if (r)
                return r;
        r = g_new0(Requester, 1);
        r->uid = uid;
        r->link.data = r;
        (void) g_hash_table_insert(l->requesters, GUINT_TO_POINTER(uid), r);
        return r;
}

static void requester_forget_if_done(Line *l, Requester *r) {
        if (r->n_waiting == 0 && r->n_running == 0)
                (void) g_hash_table_remove(l->requesters, GUINT_TO_POINTER(r->uid));
}

void queue_order_add_waiting(QueueOrder *o, const char *queue, uint32_t uid, uint64_t n) {
        Line *l = line_get(o, queue);
        Requester *r;

        if (n == 0)
                return;
        r = requester_get(l, uid);
        if (r->n_waiting == 0)
                g_queue_push_tail_link(&l->line, &r->link);
        r->n_waiting += n;
        l->n_waiting += n;
}

void queue_order_remove_waiting(QueueOrder *o, const char *queue, uint32_t uid) {
        Line *l = line_get(o, queue);
        Requester *r = requester_find(l, uid);

        if (!r || r->n_waiting == 0)
                return;
        r->n_waiting--;
        l->n_waiting--;
        if (r->n_waiting == 0)
                g_queue_unlink(&l->line, &r->link);
        requester_forget_if_done(l, r);
}

void queue_order_add_aside(QueueOrder *o, const char *queue, uint64_t n) {
        line_get(o, queue)->n_aside += n;
}

void queue_order_remove_aside(QueueOrder *o, const char *queue) {
        Line *l = line_get(o, queue);

        if (l->n_aside > 0)
                l->n_aside--;
}

void queue_order_add_running(QueueOrder *o, const char *queue, uint32_t uid) {
        Line *l = line_get(o, queue);

        requester_get(l, uid)->n_running++;
        l->n_running++;
}

void queue_order_remove_running(QueueOrder *o, const char *queue, uint32_t uid) {
        Line *l = line_get(o, queue);
        Requester *r = requester_find(l, uid);

        if (!r || r->n_running == 0)
                return;
        r->n_running--;
        l->n_running--;
        requester_forget_if_done(l, r);
}

static gboolean forget_waiting(void *key, void *value, void *userdata) {
        Requester *r = value;

        r->n_waiting = 0;
        return r->n_running == 0;
}

void queue_order_clear_waiting(QueueOrder *o) {
        GHashTableIter i;
        Line *l;

        g_hash_table_iter_init(&i, o->lines);
        while (g_hash_table_iter_next(&i, NULL, (void **) &l)) {
                while (g_queue_pop_head_link(&l->line))
                        ;
                (void) g_hash_table_foreach_remove(l->requesters, forget_waiting, NULL);
                l->n_waiting = l->n_aside = 0;
        }
}

uint64_t queue_order_count_waiting(const QueueOrder *o, const char *queue) {
        const Line *l = line_find(o, queue);

        return l ? l->n_waiting : 0;
}

uint64_t queue_order_count_aside(const QueueOrder *o, const char *queue) {
        const Line *l = line_find(o, queue);

        return l ? l->n_aside : 0;
}

uint64_t queue_order_count_running(const QueueOrder *o, const char *queue) {
        const Line *l = line_find(o, queue);

        return l ? l->n_running : 0;
}

uint64_t queue_order_count_all_waiting(const QueueOrder *o) {
        GHashTableIter i;
        uint64_t n = 0;
        Line *l;

        g_hash_table_iter_init(&i, o->lines);
        while (g_hash_table_iter_next(&i, NULL, (void **) &l))
                n += l->n_waiting + l->n_aside;
        return n;
}

/* ---- choosing ---- */

static bool has_room(const Line *l) {
        return l->rules.enabled && (l->rules.max_running == 0 || l->n_running < l->rules.max_running);
}

bool queue_order_has_room(const QueueOrder *o, const char *queue) {
        const Line *l = line_find(o, queue);

        return !l || has_room(l);
}

static bool takes_part(const Line *l) {
        return l->n_waiting > 0 && has_room(l);
}

/* Who had nothing to start for a while has not saved up turns. */
static uint64_t turn_of(const QueueOrder *o, const Line *l) {
        return l->took_part ? l->turn : MAX(l->turn, o->turn);
}

static unsigned passed_over(const Line *l) {
        return l->took_part && l->passed_over >= QUEUE_PASSED_OVER_MAX ? l->passed_over : 0;
}

/* Whether a comes before b. */
static bool comes_before(const QueueOrder *o, const Line *a, const Line *b) {
        uint64_t x, y;

        if (passed_over(a) != passed_over(b))
                return passed_over(a) > passed_over(b);
        if (a->rules.priority != b->rules.priority)
                return a->rules.priority > b->rules.priority;
        /* n_running / weight, without a division */
        x = a->n_running * b->rules.weight;
        y = b->n_running * a->rules.weight;
        if (x != y)
                return x < y;
        x = turn_of(o, a);
        y = turn_of(o, b);
        return x != y ? x < y : strcmp(a->queue, b->queue) < 0;
}

static const Requester *next_requester(const Line *l) {
        const Requester *best = NULL;

        for (const GList *i = l->line.head; i; i = i->next) {
                const Requester *r = i->data;

                if (!best || r->n_running < best->n_running)
                        best = r;
                if (best->n_running == 0)
                        break;
        }
        return best;
}

bool queue_order_next(const QueueOrder *o, const char **ret_queue, uint32_t *ret_uid) {
        const Line *best = NULL;
        GHashTableIter i;
        Line *l;

        g_hash_table_iter_init(&i, o->lines);
        while (g_hash_table_iter_next(&i, NULL, (void **) &l))
                if (takes_part(l) && (!best || comes_before(o, l, best)))
                        best = l;
        if (!best)
                return false;
        *ret_queue = best->queue;
        *ret_uid = next_requester(best)->uid;
        return true;
}

static void pass_turns_on(QueueOrder *o, Line *chosen) {
        GHashTableIter i;
        Line *l;

        o->turn = turn_of(o, chosen);
        g_hash_table_iter_init(&i, o->lines);
        while (g_hash_table_iter_next(&i, NULL, (void **) &l)) {
                bool part = takes_part(l);

                if (!part || l == chosen)
                        l->passed_over = 0;
                else if (l->rules.priority < chosen->rules.priority)
                        l->passed_over = l->took_part ? l->passed_over + 1 : 1;
                if (part && !l->took_part)
                        l->turn = MAX(l->turn, o->turn);
                l->took_part = part;
        }
        chosen->turn = o->turn + TURN_STEP / chosen->rules.weight;
}

void queue_order_take(QueueOrder *o, const char *queue, uint32_t uid) {
        Line *l = line_get(o, queue);
        Requester *r = requester_find(l, uid);

        pass_turns_on(o, l);
        if (r && r->n_waiting > 0) { /* to the end of the line, if more of theirs wait */
                g_queue_unlink(&l->line, &r->link);
                r->n_waiting--;
                l->n_waiting--;
                if (r->n_waiting > 0)
                        g_queue_push_tail_link(&l->line, &r->link);
        }
        queue_order_add_running(o, queue, uid);
}

/* ---- the place in the line ---- */

uint64_t queue_order_position(const QueueOrder *o, const char *queue, uint32_t uid, uint64_t number) {
        const Line *l = line_find(o, queue);
        const Requester *own = l ? requester_find(l, uid) : NULL;
        uint64_t level, position = number;
        bool is_after = false;

        if (!own || own->n_waiting < number || number == 0)
                return 0;

        /* So many of theirs run when it is this one's turn; it comes when nobody has fewer. Of those who have as many then,
         * who began with more has been in the line for longer. */
        level = own->n_running + number - 1;
        for (const GList *i = l->line.head; i; i = i->next) {
                const Requester *r = i->data;
                uint64_t n = level > r->n_running ? level - r->n_running : 0;

                if (r == own) {
                        is_after = true;
                        continue;
                }
                if (r->n_running <= level && (r->n_running > own->n_running ||
                                              (r->n_running == own->n_running && !is_after)))
                        n++;
                position += MIN(n, r->n_waiting);
        }
        return position;
}
