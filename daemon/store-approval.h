/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "approval.h"
#include "store.h"

/* The tables approval and approval_request. */

/* The answers to a request, oldest first: array of Approval, owned. */
int store_approval_list(Store *s, const char *scheduled_job_id, GPtrArray **ret) _must_check_;

/* In the open batch. -EEXIST: this user has answered already. */
int store_approval_insert(Store *s, const char *scheduled_job_id, const Approval *a) _must_check_;

/* None of the answers so far counts any more. */
int store_approval_void(Store *s, const char *scheduled_job_id) _must_check_;

/* What the digest of a request is made of (request_facts_format()), instead of what it was before. */
int store_approval_put_facts(Store *s, const char *scheduled_job_id, const char *facts) _must_check_;

/* 1: found, 0: there are none, negative errno. Free with g_free(). */
int store_approval_get_facts(Store *s, const char *scheduled_job_id, char **ret) _must_check_;
