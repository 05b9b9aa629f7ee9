/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

#include "macro.h"

/*
 * The files of "jobctl run --file NAME=PATH". Until the request is made each one's variable has true as its value in
 * the input, so that who asks for what is missing sees that it is there.
 */
typedef struct RunFiles RunFiles;

RunFiles *run_files_new(void);
RunFiles *run_files_free(RunFiles *f);
DEFINE_CLEANUP(RunFiles *, run_files_free);

/*
 * Takes NAME=PATH; "-" is standard input. What is no regular file (a pipe) is read to its end, up to one byte more
 * than its variable takes. Negative errno and a sentence.
 */
int run_files_add(RunFiles *f, JsonArray *variables, JsonObject *data, const char *assignment, char **ret_error)
                _must_check_;

/* The same for one variable, when its path was typed in. */
int run_files_open(RunFiles *f, JsonObject *variable, JsonObject *data, const char *path, char **ret_error) _must_check_;

/* Takes what stands for the files out of the input again. */
void run_files_take_out(const RunFiles *f, JsonObject *data);

bool run_files_is_empty(const RunFiles *f);

/* Appends the entries of the options "files" and "file_names" to an open a{sv}. */
int run_files_append(const RunFiles *f, sd_bus_message *m) _must_check_;

/* Whether a variable as GetVariables describes it is given as a file. */
bool run_files_is_file(JsonObject *variable);
