/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Which of the runs that wait starts next. It knows numbers only, not the runs: how many wait and run in each queue and
 * of each requester there. No clock, no store, no bus.
 *
 * The rule, as jobd(8) tells it: a queue takes part when it is enabled, has room and has runs in its line.
 *  1. The highest priority first; but a queue that was passed over QUEUE_PASSED_OVER_MAX times in a row comes then.
 *  2. Of the same priority: what runs in proportion to the weight is least; then whose turn it is, and turns come in
 *     proportion to the weight, too.
 *  3. In a queue, the requester of whom fewest run in it; then whose turn it is: they take turns.
 *  4. Of a requester the oldest.
 * Runs that wait for something of their own (a time, another run) are aside: they are counted, and not in the line.
 */
typedef struct QueueOrder QueueOrder;

enum { QUEUE_PASSED_OVER_MAX = 16 };

typedef struct QueueRules {
        bool enabled;
        uint32_t max_running; /* 0: no limit */
        uint32_t weight;      /* from 1 */
        int32_t priority;
} QueueRules;

QueueOrder *queue_order_new(void);
QueueOrder *queue_order_free(QueueOrder *o);
DEFINE_CLEANUP(QueueOrder *, queue_order_free);

/* A queue that has not been told has those of a new one: enabled, no limit, weight 100, priority 0. NULL: so again. */
void queue_order_set_rules(QueueOrder *o, const char *queue, const QueueRules *rules);

/* In the line, aside, running: as they come and go. */
void queue_order_add_waiting(QueueOrder *o, const char *queue, uint32_t uid, uint64_t n);
void queue_order_remove_waiting(QueueOrder *o, const char *queue, uint32_t uid);
void queue_order_add_aside(QueueOrder *o, const char *queue, uint64_t n);
void queue_order_remove_aside(QueueOrder *o, const char *queue);
void queue_order_add_running(QueueOrder *o, const char *queue, uint32_t uid);
void queue_order_remove_running(QueueOrder *o, const char *queue, uint32_t uid);

/* Forgets what waits, not what runs: it is to be counted again. */
void queue_order_clear_waiting(QueueOrder *o);

/* Whose oldest run is next; the queue's name is borrowed. False: none can start now, but for the limit of all runs. */
bool queue_order_next(const QueueOrder *o, const char **ret_queue, uint32_t *ret_uid);

/* That one starts: it runs from now on, and the turns pass on. */
void queue_order_take(QueueOrder *o, const char *queue, uint32_t uid);

/* Whether one more could start in the queue, whatever waits. */
bool queue_order_has_room(const QueueOrder *o, const char *queue);

uint64_t queue_order_count_waiting(const QueueOrder *o, const char *queue); /* in the line */
uint64_t queue_order_count_aside(const QueueOrder *o, const char *queue);
uint64_t queue_order_count_running(const QueueOrder *o, const char *queue);
uint64_t queue_order_count_all_waiting(const QueueOrder *o); /* in all lines and aside */

/*
 * The place in the queue's line, from 1, of a requester's run before which number - 1 older ones of theirs wait there,
 * if nothing ends or comes meanwhile. 0: they have none there.
 */
uint64_t queue_order_position(const QueueOrder *o, const char *queue, uint32_t uid, uint64_t number);
