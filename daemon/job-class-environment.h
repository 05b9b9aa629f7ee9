/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"

/*
 * What the commands of a job class want from the environment ($JOB_VAR_name) and will not find there, since there is no
 * such variable, or since it is sensitive: adds a warning for each, with position in front.
 */
void job_class_check_environment(const JobClass *class, const char *position, GPtrArray *warnings);
