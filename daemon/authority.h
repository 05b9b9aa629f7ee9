/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "polkit.h"

/*
 * The questions to polkit, in an order that is fair. The bus answers with an error once a connection has 128 calls that
 * wait for a reply, and a question for which somebody types a password waits for minutes: so there is a number of each
 * kind, for all and for each user, and nobody can use up what others need. A question that got lost is asked once more.
 * Has a bus connection of its own.
 */
typedef struct Authority Authority;

/* A question, until it is freed. */
typedef struct AuthorityCheck AuthorityCheck;

int authority_new(sd_event *event, Authority **ret) _must_check_;
Authority *authority_free(Authority *a);
DEFINE_CLEANUP(Authority *, authority_free);

/*
 * Asks, at once or when it is this user's turn; arguments as of polkit_check_new(). The callback comes once, unless the
 * check is freed before. Returns 0 and the check, owned by the caller. -ENOBUFS, for interactive ones only: too many
 * passwords are being asked for. So ask interactively only what was answered with POLKIT_CHALLENGE.
 * sender NULL: about the user, who need not be there; never interactively.
 */
int authority_ask(Authority *a, uint32_t uid, const char *sender, const char *action, const char *const *details,
                  bool interactive, PolkitCallback callback, void *userdata, AuthorityCheck **ret) _must_check_;
AuthorityCheck *authority_check_free(AuthorityCheck *c);
