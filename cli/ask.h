/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "connection.h"
#include "run-files.h"

/* Somebody is there to be asked: standard input and standard error are terminals. */
bool ask_possible(void);

/* What it takes to ask. */
typedef struct AskTools {
        RunFiles *files;
        Connection *connection; /* to see which objects there are */
} AskTools;

/* Prints the question on standard error, and returns whether the answer is "y" or "yes". */
bool ask_yes(const char *format, ...) _printf_(1, 2);

/*
 * Asks on the terminal for each variable that is required, has no default and is not in data, and adds what is typed;
 * that of a sensitive one is not shown. An empty answer leaves the variable out. Returns 0, or -ECANCELED when the
 * input ended. For a file its path is asked for, and it is added to files. Objects are shown to choose from if they are
 * few.
 */
int ask_missing(JsonArray *variables, JsonObject *data, const AskTools *tools) _must_check_;

/* The same for each variable, whether it is required or has a default. */
int ask_all(JsonArray *variables, JsonObject *data, const AskTools *tools) _must_check_;
