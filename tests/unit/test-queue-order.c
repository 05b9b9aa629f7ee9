/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "queue-order.h"

/*
 * Which run starts next. A case is a text of steps, one a word:
 *   Q:ePRIORITY,wWEIGHT,mMAX  rules of queue Q ("d" in place of "e": disabled)
 *   +QuN   N runs of requester u wait in queue Q          -Qu   one of them is cancelled
 *   !Qu    a run of that requester ends
 *   =QuQu  who must be next, one after the other; each starts    =.  nobody
 * Queues are capital letters, requesters small ones.
 */

static void set_rules(QueueOrder *o, const char *word) {
        const char queue[] = { word[0], 0 };
        QueueRules rules = { .enabled = word[2] == 'e', .weight = 100 };
        const char *weight = strstr(word, ",w"), *max = strstr(word, ",m");

        rules.priority = atoi(word + 3);
        if (weight)
                rules.weight = (uint32_t) atoi(weight + 2);
        if (max)
                rules.max_running = (uint32_t) atoi(max + 2);
        queue_order_set_rules(o, queue, &rules);
}

static void expect(QueueOrder *o, const char *steps, const char *word) {
        const char *next;
        uint32_t uid;

        if (word[1] == '.') {
                g_assert_false(queue_order_next(o, &next, &uid));
                return;
        }
        for (const char *p = word + 1; *p; p += 2) {
                if (!queue_order_next(o, &next, &uid))
                        g_error("%s: nobody is next at %s", steps, p);
                if (next[0] != p[0] || uid != (uint32_t) p[1])
                        g_error("%s: next is %s%c, expected %s", steps, next, (char) uid, p);
                queue_order_take(o, next, uid);
        }
}

static void run_steps(const char *steps) {
        _cleanup_(queue_order_freep) QueueOrder *o = queue_order_new();
        g_auto(GStrv) words = g_strsplit(steps, " ", -1);

        for (char **w = words; *w; w++) {
                const char queue[] = { (*w)[1], 0 };
                uint32_t uid = (*w)[1] ? (uint32_t) (*w)[2] : 0;

                switch ((*w)[0]) {
                case '+':
                        queue_order_add_waiting(o, queue, uid, (uint64_t) atoi(*w + 3));
                        break;
                case '-':
                        queue_order_remove_waiting(o, queue, uid);
                        break;
                case '!':
                        queue_order_remove_running(o, queue, uid);
                        break;
                case '=':
                        expect(o, steps, *w);
                        break;
                case 0:
                        break;
                default:
                        set_rules(o, *w);
                }
        }
}

static void test_order(void) {
        static const char *const cases[] = {
                /* nothing, and one */
                "=.",
                "+Aa1 =Aa =.",
                /* disabled, full, with room again */
                "A:d +Aa2 =. A:e =AaAa =.",
                "A:e,m2 +Aa5 =AaAa =. !Aa =Aa =. !Aa !Aa =AaAa =.",
                /* requesters take turns, whoever asked for more, and fewest running first */
                "+Aa4 +Ab2 =AaAbAaAbAaAa =.",
                "+Aa3 =Aa +Ab2 =Ab =Aa =Ab =Aa =.",
                "+Aa3 =AaAa +Ab3 =AbAb =Aa =Ab",
                "A:e,m1 +Aa2 =Aa +Ab1 +Aa2 !Aa =Aa !Aa =Ab !Ab =Aa !Aa =Aa",
                /* ... with one slot as well */
                "A:e,m1 +Aa3 +Ab3 =Aa !Aa =Ab !Ab =Aa !Aa =Ab !Ab =Aa !Aa =Ab",
                /* who comes anew goes to the end, whoever goes away leaves no hole */
                "A:e,m1 +Aa2 +Ab1 =Aa +Ac1 !Aa =Ab !Ab =Aa !Aa =Ac",
                "+Aa1 +Ab1 +Ac1 -Ab =AaAc =.",
                "+Aa2 -Aa -Aa -Aa =. +Aa1 =Aa =.",
                /* the higher priority first */
                "A:e0 B:e5 C:e-3 +Aa2 +Bb2 +Cc2 =BbBbAaAaCcCc =.",
                "A:e0 B:e5,m1 +Aa2 +Bb2 =BbAa !Bb =BbAa =.",
                /* same priority: in turn, by weight, by what runs */
                "+Aa3 +Ba3 =AaBaAaBaAaBa =.",
                "A:e,w100 B:e,w300 +Aa9 +Ba9 =AaBaBaBaAaBaBaBa",
                "A:e,w100 B:e,w300 +Aa4 =AaAaAaAa +Ba12 +Aa2 =BaBaBaBaBaBaBaBaBaBaBaBaAaAa",
                "A:e,w1 B:e,w10000 +Aa2 +Ba3 =AaBaBaBaAa =.",
                /* ... with one slot for all as well (each ends before the next is asked for) */
                "A:e,w100 B:e,w300 +Aa4 +Ba9 =Aa !Aa =Ba !Ba =Ba !Ba =Ba !Ba =Aa !Aa =Ba !Ba =Ba !Ba =Ba !Ba =Aa",
                /* who was away has saved up nothing: B had turns of its own for long */
                "A:e B:e +Ba9 =Ba !Ba =Ba !Ba =Ba !Ba =Ba !Ba +Aa4 =Aa !Aa =Aa !Aa =Ba !Ba =Aa !Aa =Ba",
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                run_steps(cases[i]);
}

/* A low priority is served once in a while, however much there is of a higher one. */
static void test_nobody_starves(void) {
        _cleanup_(queue_order_freep) QueueOrder *o = queue_order_new();
        unsigned n_low = 0, since = 0;
        const char *queue;
        uint32_t uid;

        queue_order_set_rules(o, "low", &(QueueRules){ .enabled = true, .weight = 1, .priority = -5 });
        queue_order_set_rules(o, "lower", &(QueueRules){ .enabled = true, .weight = 1, .priority = -9 });
        queue_order_set_rules(o, "high", &(QueueRules){ .enabled = true, .weight = 10000, .priority = 5 });
        queue_order_add_waiting(o, "low", 1, 1000);
        queue_order_add_waiting(o, "lower", 1, 1000);
        queue_order_add_waiting(o, "high", 2, 100000);
        for (unsigned i = 0; i < 2000; i++) {
                g_assert_true(queue_order_next(o, &queue, &uid));
                queue_order_take(o, queue, uid);
                queue_order_remove_running(o, queue, uid);
                since++;
                if (strcmp(queue, "lower") == 0) {
                        g_assert_cmpuint(since, <=, 2 * (QUEUE_PASSED_OVER_MAX + 2));
                        since = 0;
                        n_low++;
                }
        }
        g_assert_cmpuint(n_low, >, 2000 / (2 * (QUEUE_PASSED_OVER_MAX + 2)) - 1);
        /* and the high one has nearly all */
        g_assert_cmpuint(queue_order_count_waiting(o, "high"), <, 100000 - 1700);
}

/* Weights are kept to over many starts, with slots that are held for different times. */
static void test_shares(void) {
        _cleanup_(queue_order_freep) QueueOrder *o = queue_order_new();
        const unsigned weights[] = { 1, 10, 100, 1000 };
        uint64_t n[ELEMENTSOF(weights)] = {};
        const char *queue;
        uint32_t uid;

        for (size_t i = 0; i < ELEMENTSOF(weights); i++) {
                const char name[] = { (char) ('A' + i), 0 };

                queue_order_set_rules(o, name, &(QueueRules){ .enabled = true, .weight = weights[i] });
                queue_order_add_waiting(o, name, 1, 100000);
        }
        for (unsigned i = 0; i < 11110; i++) {
                g_assert_true(queue_order_next(o, &queue, &uid));
                queue_order_take(o, queue, uid);
                queue_order_remove_running(o, queue, uid);
                n[queue[0] - 'A']++;
        }
        for (size_t i = 0; i < ELEMENTSOF(weights); i++)
                g_assert_cmpfloat_with_epsilon((double) n[i], 10.0 * weights[i], 2);
}

/* What position says is what happens, if nothing ends or comes. */
static void assert_positions(const char *waiting) {
        _cleanup_(queue_order_freep) QueueOrder *o = queue_order_new();
        uint64_t started[256] = {}, place = 0, expected[256][64] = {};
        const char *queue;
        uint32_t uid;

        for (const char *p = waiting; *p; p += 2)
                if (p[0] >= 'a')
                        queue_order_add_waiting(o, "q", (uint32_t) p[0], (uint64_t) (p[1] - '0'));
                else
                        for (char n = p[1]; n > '0'; n--)
                                queue_order_add_running(o, "q", (uint32_t) (p[0] - 'A' + 'a'));
        for (const char *p = waiting; *p; p += 2)
                for (uint64_t n = 1; p[0] >= 'a' && n <= (uint64_t) (p[1] - '0'); n++)
                        expected[(unsigned char) p[0]][n] = queue_order_position(o, "q", (uint32_t) p[0], n);
        while (queue_order_next(o, &queue, &uid)) {
                queue_order_take(o, queue, uid);
                place++;
                g_assert_cmpuint(expected[uid][++started[uid]], ==, place);
        }
}

static void test_position(void) {
        _cleanup_(queue_order_freep) QueueOrder *o = queue_order_new();

        assert_positions("a1");
        assert_positions("a5b2c1");
        assert_positions("a1b5c3");
        assert_positions("A2a3b4");
        assert_positions("A1B3C2a3b4c2");
        assert_positions("c4b9A2a1d1");

        g_assert_cmpuint(queue_order_position(o, "q", 1, 1), ==, 0);
        queue_order_add_waiting(o, "q", 1, 2);
        g_assert_cmpuint(queue_order_position(o, "q", 1, 2), ==, 2);
        g_assert_cmpuint(queue_order_position(o, "q", 1, 3), ==, 0);
        g_assert_cmpuint(queue_order_position(o, "q", 1, 0), ==, 0);
        g_assert_cmpuint(queue_order_position(o, "q", 2, 1), ==, 0);
}

static void test_counts(void) {
        _cleanup_(queue_order_freep) QueueOrder *o = queue_order_new();

        queue_order_set_rules(o, "q", &(QueueRules){ .enabled = true, .weight = 1, .max_running = 1 });
        queue_order_add_waiting(o, "q", 1, 3);
        queue_order_add_aside(o, "q", 2);
        queue_order_add_aside(o, "other", 1);
        g_assert_cmpuint(queue_order_count_waiting(o, "q"), ==, 3);
        g_assert_cmpuint(queue_order_count_aside(o, "q"), ==, 2);
        g_assert_cmpuint(queue_order_count_all_waiting(o), ==, 6);
        g_assert_true(queue_order_has_room(o, "q"));
        g_assert_true(queue_order_has_room(o, "nowhere"));
        queue_order_take(o, "q", 1);
        g_assert_false(queue_order_has_room(o, "q"));
        g_assert_cmpuint(queue_order_count_running(o, "q"), ==, 1);
        queue_order_clear_waiting(o);
        g_assert_cmpuint(queue_order_count_all_waiting(o), ==, 0);
        g_assert_cmpuint(queue_order_count_running(o, "q"), ==, 1);
        queue_order_remove_aside(o, "q"); /* one too many is none */
        queue_order_remove_running(o, "q", 1);
        queue_order_remove_running(o, "q", 1);
        g_assert_cmpuint(queue_order_count_running(o, "q"), ==, 0);

        /* Without rules it is as a new one */
        queue_order_set_rules(o, "q", NULL);
        queue_order_add_waiting(o, "q", 1, 3);
        queue_order_take(o, "q", 1);
        g_assert_true(queue_order_has_room(o, "q"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/queue-order/order", test_order);
        g_test_add_func("/queue-order/nobody-starves", test_nobody_starves);
        g_test_add_func("/queue-order/shares", test_shares);
        g_test_add_func("/queue-order/position", test_position);
        g_test_add_func("/queue-order/counts", test_counts);

        return g_test_run();
}
