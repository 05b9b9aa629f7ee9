/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "macro.h"
#include "secret.h"

/*
 * The credentials socket: where PID 1's starter of a run, as root and before the program, reads the credentials of
 * names.h (LoadCredential=). The kernel says who connects (SO_PEERCRED), the socket's own name says for which unit:
 * "\0<random>/unit/<unit>/<credential>" (systemd.exec(5)). Input goes from our memory to the run's ramfs this way and
 * is never on a disk, in an environment or on a command line.
 */
typedef struct CredentialServer CredentialServer;

/*
 * The credential of the run with that unit, borrowed until the next call; NULL: there is none, or, *ret_later, not
 * yet: then it is asked for again by credential_server_retry().
 */
typedef const Secret *(*CredentialLookup)(const char *unit, const char *credential, bool *ret_later, void *userdata);

/* Takes over the listening socket. */
int credential_server_new(sd_event *event, int fd, CredentialLookup lookup, void *userdata, CredentialServer **ret)
                _must_check_;
CredentialServer *credential_server_free(CredentialServer *s);
DEFINE_CLEANUP(CredentialServer *, credential_server_free);

/* Looks up again what was not there yet. */
void credential_server_retry(CredentialServer *s);

/* Splits a peer's socket name. Returns 0 and the unit and the credential (g_free()), or -EINVAL. */
int credential_parse_peer_name(const char *name, size_t size, char **ret_unit, char **ret_credential) _must_check_;
