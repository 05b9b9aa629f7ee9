/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "macro.h"
#include "uuid.h"

/* Shared by bench-runs.c, which measures, and by the two sides that are measured: bench-bare.c and bench-jobd.c. */

typedef struct Bench Bench;

/* One run. Times are of CLOCK_MONOTONIC. */
typedef struct Sample {
        Bench *bench; /* weak ref */
        char id[UUID_STRING_SIZE];
        char *path; /* of the object whose signals tell how it goes on; owned */
        uint64_t call_nsec, reply_nsec, main_nsec, end_nsec;
        sd_bus_slot *slot; /* of a match or call for this run */
        bool ask_again;    /* jobd: it changed while it was asked how it is */
} Sample;

typedef struct Side {
        /* Connects and listens. */
        int (*open)(Bench *b);
        /* Asks for one run: calls bench_sent() when it does, and later bench_replied() and bench_ended(). */
        int (*start)(Bench *b, Sample *s);
        void (*close)(Bench *b);
} Side;

extern const Side bare_side, jobd_side;

struct Bench {
        const char *class_path;
        const char *data; /* JSON */
        bool direct; /* jobd: by its own socket */
        unsigned n_runs, window, calls_max;
        uint64_t gap_usec; /* between an end and the next call */

        const Side *side;
        sd_event *event;
        sd_bus *bus;
        Sample *samples;
        GHashTable *stamps; /* id -> nsec, owned */
        unsigned n_sent, n_replied, n_ended, n_failed;
        sd_event_source *stamp_source, *gap_source;
        void *side_data;
};

uint64_t now_nsec(void);

void bench_sent(Sample *s);
/* error: NULL, or what was refused, and the run then counts as ended. */
void bench_replied(Sample *s, const sd_bus_error *error);
void bench_ended(Sample *s, bool success);
