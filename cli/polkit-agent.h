/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * polkit's agent for terminals, pkttyagent, as a child for as long as we run. It asks for the password when no other
 * agent (a desktop's) serves this session.
 */
typedef struct PolkitAgent PolkitAgent;

/*
 * Whether there can be one for us, that of a desktop or one that we start: without it nobody is asked for a password.
 * Never for root.
 */
bool polkit_agent_is_possible(void);

/*
 * Returns 1 once the agent is ready. 0: it is not needed, because the caller is root or has no terminal. Negative
 * errno: it could not be started.
 */
int polkit_agent_start(PolkitAgent **ret);

/* Ends it and waits for its end. Accepts NULL, returns NULL. */
PolkitAgent *polkit_agent_free(PolkitAgent *a);
