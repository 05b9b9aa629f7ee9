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
 * Adds the entries of a list's reply to the array. Returns 1 if there are more, 0 if not, negative errno silently. A
 * page can be short, and even empty, with more to come: jobd asks polkit about so many at once only.
 */
int object_read_page(sd_bus_message *reply, PropertiesReader reader, JsonArray *array) _must_check_;

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
