/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"
#include "job.h"
#include "program-digest.h"
#include "scheduled-job.h"

/*
 * What an approval covers: everything that decides what a request will run, as a list of facts, and their digest. The
 * facts are stored with the request, so that it can be said what has changed since. Sensitive input is in it as a
 * digest of its ciphertext only.
 */
typedef struct RequestFact {
        char *kind;  /* "request", "class", "setting", "property", "program", "input" */
        char *name;  /* "queue", the class's file, "time_limit", "MemoryMax", "ExecStart=/usr/bin/x", "device" */
        char *value; /* text; a long one as its digest */
} RequestFact;

enum {
        REQUEST_FACT_VALUE_MAX = 256,      /* bytes; what is longer is replaced by its digest */
        REQUEST_CHANGES_MAX = 10,          /* that are named one by one */
        REQUEST_FACTS_SIZE_MAX = 4 * 1024 * 1024, /* bytes of JSON, for reading them again */
};

typedef struct RequestDigest {
        GPtrArray *facts;    /* of RequestFact */
        GPtrArray *programs; /* of Program */
        char *digest;        /* 64 hexadecimal digits: SHA-256 over the facts */
} RequestDigest;

void request_digest_done(RequestDigest *d);

/* class: as it is on the disk now, and as it will be run. cache may be NULL. */
void request_digest_make(ProgramCache *cache, const ScheduledJob *sj, const Job *job, const JobClass *class,
                         RequestDigest *ret);

/* The first program whose contents are not known although the run depends on it; NULL: there is none. */
const Program *request_digest_find_problem(const RequestDigest *d);

/* The facts as JSON, as they are stored. Free with g_free(). */
char *request_facts_format(const GPtrArray *facts);
int request_facts_parse(const char *json, GPtrArray **ret) _must_check_;

/*
 * What is different, for people: "program /usr/bin/x, MemoryMax= (was 512M, is 1G)"; NULL: nothing. Values of inputs
 * are not in it. Free with g_free().
 */
char *request_facts_compare(const GPtrArray *before, const GPtrArray *now);

