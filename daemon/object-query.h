/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "macro.h"

/*
 * A query: a JSON object of field lookups, all of which an object has to fit.
 *
 * A key is the name of a field, of a field within a field ("driver__name"), and after it, perhaps, a lookup ("__in").
 * exact (as without one): the same value, a number whichever way it is written; null: as isnull true. in: one of a
 * list. contains, startswith, endswith, and icontains, istartswith, iendswith, iexact in any case: of text. gt, gte,
 * lt, lte: of two numbers, or of two texts by their bytes. isnull: whether there is a value; null, no such field and
 * an empty list are none. A field that is a list fits when one of its elements does, or when it is the list that is
 * asked for.
 */
typedef struct ObjectQuery ObjectQuery;

enum {
        OBJECT_QUERY_LOOKUPS_MAX = 32,
        OBJECT_QUERY_VALUES_MAX = 1000, /* of one list after __in */
        OBJECT_QUERY_DEPTH_MAX = 8,     /* fields within fields */
        OBJECT_QUERY_STEPS_MAX = 5 * 1000 * 1000, /* comparisons, more or less: less than half a second */
};

#define OBJECT_QUERY_TOO_LONG "it takes too many comparisons: use fewer lookups, or ask for one object after the other"

/*
 * Checks the lookups against the objects: a field that none of them has is an error, unless there are no objects at
 * all. Returns 0, or -EINVAL and a sentence, which lists what there is and shows of the query its keys only.
 *
 * *budget, which outlives the query and may be that of several, begins with OBJECT_QUERY_STEPS_MAX. When it is 0 nothing
 * fits any more, and the answer is OBJECT_QUERY_TOO_LONG: nobody may keep jobd busy.
 */
int object_query_new(JsonObject *lookups, JsonArray *objects, uint64_t *budget, ObjectQuery **ret, char **ret_error)
                _must_check_;
ObjectQuery *object_query_free(ObjectQuery *q);
DEFINE_CLEANUP(ObjectQuery *, object_query_free);

bool object_query_matches(const ObjectQuery *q, JsonNode *object);
