/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "jobctl.h"

/* A context with these entries and the options that every verb has; what they say is stored in j. */
GOptionContext *option_context_new(Jobctl *j, const char *arguments, const GOptionEntry *entries);
