/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "macro.h"

/*
 * The models of the host, as jobd.objects(5) has them. Each function appends the objects that there are, and those of
 * the primary keys that are asked for (NULL-terminated) if they can be found by name only. On failure it returns
 * negative errno and a sentence.
 */
int model_units(char **keys, JsonArray *objects, char **ret_error) _must_check_;
int model_users(char **keys, JsonArray *objects, char **ret_error) _must_check_;
int model_groups(char **keys, JsonArray *objects, char **ret_error) _must_check_;
int model_interfaces(char **keys, JsonArray *objects, char **ret_error) _must_check_;
int model_devices(char **keys, JsonArray *objects, char **ret_error) _must_check_;
int model_mounts(char **keys, JsonArray *objects, char **ret_error) _must_check_;

/* Members. What is not UTF-8 becomes so; NULL and, for set_text_or_null(), "" are null. */
void set_text(JsonObject *o, const char *member, const char *text);
void set_text_or_null(JsonObject *o, const char *member, const char *text);
void add_text(JsonArray *array, const char *text);

/* Sets *ret_error and returns error. */
int model_failed(int error, char **ret_error, const char *what);

/* The contents of a small file without the line end; NULL when it cannot be read. Free with g_free(). */
char *read_line(const char *directory, const char *name);

/* A mount of PID 1. */
typedef struct Mount {
        char *mount_point, *source, *fstype, *options;
        unsigned major, minor;
} Mount;

/* All of them in the order in which they were made: array of Mount, owned. */
int mounts_read(GPtrArray **ret) _must_check_;
