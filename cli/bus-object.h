/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"

/* What jobs, job results, scheduled jobs and job queues have in common: they are objects of jobd with properties. */

enum { OBJECT_PAGE_SIZE = 1000 }; /* the most that the lists give at once */

/* One of job-json.h. */
typedef int (*PropertiesReader)(sd_bus_message *m, JsonObject **ret);

/* Reads all properties of the object. Returns 0 or negative errno once it has said what is wrong. */
int object_properties(Connection *c, const char *path, const char *interface, const char *subject,
                      PropertiesReader reader, JsonObject **ret) _must_check_;

/* Calls a method of the manager, "GetJob", that gives the path of what has that name. The same. */
int object_path_of(Connection *c, const char *member, const char *name, char **ret_path) _must_check_;

/*
 * A list of the manager, "ListJobs", page by page. append adds the entries of the call's filter (an a{sv} that is
 * open); so_far: the entries that are there already, so many of the limit are still wanted.
 */
typedef struct ObjectList {
        const char *member;
        const char *what; /* "jobs", for messages */
        int (*append)(sd_bus_message *m, const void *filter, JsonArray *so_far);
        PropertiesReader reader;
} ObjectList;

/*
 * At most limit of them. A page can be short, and even empty, with more to come: jobd asks polkit about so many at
 * once only. Returns 0 or negative errno once it has said what is wrong. ret: free with json_array_unref().
 */
int object_list(Connection *c, const ObjectList *list, const void *filter, unsigned limit, JsonArray **ret) _must_check_;

/* For the filter of one: "before", those older than the last one of what is there. */
int object_append_before(sd_bus_message *m, JsonArray *so_far) _must_check_;

/* Adds an entry of an a{sv}; value NULL: none. */
int object_append_string(sd_bus_message *m, const char *key, const char *value) _must_check_;

/* Calls a method with the options that are set, which says what goes wrong. A reply that is not wanted is NULL. */
typedef struct ObjectOption {
        const char *name;
        const char *text; /* NULL: it is a boolean that is true, or not given at all */
        bool set;
} ObjectOption;

int object_call(Connection *c, const char *path, const char *interface, const char *member, const char *subject,
                const ObjectOption *options, size_t n_options, sd_bus_message **ret_reply) _must_check_;
