/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "uuid.h"

/* Object paths of jobs, job results and scheduled jobs: <parent>/<UUID without its dashes>. */

enum { OBJECT_PATH_SIZE = 64 };

/* parent is JOBD_JOB_PATH, JOBD_RESULT_PATH or the like. */
void object_path_format(const char *parent, const char *id, char ret[static OBJECT_PATH_SIZE]);

/* The UUID in the path. Returns 0, or -EINVAL when it is no such path. */
int object_path_parse(const char *path, const char *parent, char ret_id[static UUID_STRING_SIZE]) _must_check_;
