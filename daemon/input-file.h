/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "macro.h"
#include "store-output.h"

enum {
        INPUT_FILES_MAX = 128, /* of a request */
        /* Sensitive files of a run: systemd takes 1 MB of credentials in all, and the input of the run is one of them. */
        INPUT_FILES_SECRET_SIZE_MAX = 384 * 1024,
};

/* Where a run finds the files that are not sensitive. */
#define INPUT_FILES_PATH "/run/jobd/files"

/* A file that a request gives for a variable of Type=file. */
typedef struct InputFile {
        char *variable;
        char *name; /* what it was called; never NULL */
        int fd;     /* borrowed, until it was copied; negative: there is nothing to copy */
        uint64_t max; /* bytes that it may have */
        bool sensitive;
        uint64_t size;
        char sha256[SHA256_STRING_SIZE];
        JsonArray *messages; /* what is wrong with it */
} InputFile;

InputFile *input_file_new(const char *variable, int fd);
InputFile *input_file_free(InputFile *f);

/* What it was called; the variable's name before that. A name that no file can have is a message. */
void input_file_set_name(InputFile *f, const char *name);

/* Adds to what is wrong with it. */
void input_file_message(InputFile *f, const char *format, ...) _printf_(2, 3);

/* The one for that variable in an array of InputFile, or NULL. */
InputFile *input_files_find(const GPtrArray *files, const char *variable);

/* For variables_validate_all(). files may be NULL. A new object. */
JsonObject *input_files_to_json(const GPtrArray *files);

/* Where the run of that unit finds the file of a variable. Free with g_free(). */
char *input_file_path(const char *unit, const char *variable, bool sensitive);
