/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job-class.h"
#include "json.h"

/*
 * What a class says that the job record does not have, since nobody can override it: an object with field_order,
 * retry, retry_delay, result_max_age, result_max_count, approval_stages, notify_on_request, notify_on_success,
 * notify_on_failure, on_success, on_failure and digest. Time spans are seconds; null is what jobd.conf says, or
 * nothing.
 */
JsonNode *job_class_describe(const JobClass *c);
