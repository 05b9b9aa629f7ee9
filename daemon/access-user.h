/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "access.h"
#include "authority.h"

/* What a user may do who has not called just now: the owner of a schedule that is due, the requester of a chain. */

/* Whether the user may delete job results: for a handler, as with the lists of access.h. */
AccessVerdict access_may_user_delete_results(Access *a, sd_bus_message *m, uint32_t uid);

/* The same for the objects of a model of the inventory. */
AccessVerdict access_may_user_change_objects(Access *a, sd_bus_message *m, uint32_t uid, const char *model);

/*
 * Asks whether the user may run the job now. Returns 1: yes, there is nobody to ask (root); 0: polkit is asked, the
 * callback comes once unless *ret, owned by the caller, is freed by authority_check_free() before; negative errno.
 */
int access_ask_user_may_run(Access *a, uint32_t uid, const Job *job, const char *queue, const char *requester,
                            PolkitCallback callback, void *userdata, AuthorityCheck **ret) _must_check_;
