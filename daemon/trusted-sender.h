/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * Lets only those signals through to a connection that the bus itself or the present owner of the name has sent.
 *
 * A match for a sender is not enough: it decides what the bus broadcasts to us, but anybody may send a signal to us alone,
 * in the name of any interface, and sd-bus lets one from a unique name pass for one from a well-known name.
 *
 * The connection must have a match for NameOwnerChanged of that name before. Asks the bus for the owner, and waits for
 * the answer. Returns negative errno.
 */
int trusted_sender_guard(sd_bus *bus, const char *name) _must_check_;
