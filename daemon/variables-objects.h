/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "object-set.h"
#include "variable.h"

/* What variables of Type=object and Type=multiobject need of the objects that there are. */

enum {
        /*
         * Of all input of a run with its objects: PID 1 takes 1 MiB of credentials for a unit, and sensitive files
         * (INPUT_FILES_SECRET_SIZE_MAX) and the token have to fit too.
         */
        VARIABLES_WITH_OBJECTS_SIZE_MAX = 600 * 1024,
};

/*
 * Which objects it takes to check this input, or to give it to a job: those of the variables that have a value there,
 * or a default where there is none. A hash table (object_wants_new()) to unref; NULL: none. The input need not be
 * valid.
 */
GHashTable *variables_object_wants(const GPtrArray *variables, JsonObject *input);

/*
 * As variables_validate(), with the objects at hand: a query becomes the primary key of the one object that it finds
 * (multiobject: a list of any), a primary key must be that of an object that there is, and both must fit QueryParams=.
 * Without them (variables_validate()) only their form is checked, and queries stay.
 */
int variables_validate_objects(const GPtrArray *variables, JsonObject *input, const ObjectSet *objects,
                               JsonObject **ret_values, JsonObject **ret_errors) _must_check_;

/*
 * The same with files (NULL: none), too: an object that has, by variable, either what stands for the file as the job
 * gets it, or a list of messages, which says why it was not accepted. A value for a file variable in input is an
 * error, but null is none; so is a file for another variable.
 */
int variables_validate_all(const GPtrArray *variables, JsonObject *input, JsonObject *files, const ObjectSet *objects,
                           JsonObject **ret_values, JsonObject **ret_errors) _must_check_;

/*
 * Of values that were accepted without the objects at hand: queries become primary keys, as above. 1: *ret are the
 * values then, 0: there was no query, -EINVAL.
 */
int variables_resolve_queries(const GPtrArray *variables, JsonObject *values, const ObjectSet *objects,
                              JsonObject **ret, JsonObject **ret_errors) _must_check_;

/*
 * What the job gets: the values, with each object in the place of its primary key. -ENOENT: some are not there any
 * more; -E2BIG: all of it is more than VARIABLES_WITH_OBJECTS_SIZE_MAX as JSON. *ret_errors is then as of
 * variables_validate().
 */
int variables_with_objects(const GPtrArray *variables, JsonObject *values, const ObjectSet *objects, JsonObject **ret,
                           JsonObject **ret_errors) _must_check_;
