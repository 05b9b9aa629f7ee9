/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json.h"
#include "macro.h"

enum {
        INPUT_FILES_MAX = 128,                         /* of a request; the bus takes no more descriptors anyway */
        INPUT_FILES_SECRET_SIZE_MAX = 384 * 1024,      /* sensitive files of a run: systemd takes 1 MB of credentials
                                                          in all, and the input of the run is one of them */
        INPUT_FILE_SHA256_SIZE = 65,                   /* hexadecimal, with the NUL */
};

/* Where a run finds its files: /run/jobd/files/<variable>, or with its credentials when they are sensitive. */
#define INPUT_FILES_PATH "/run/jobd/files"

/* A file that a request gives for a variable of Type=file. */
typedef struct InputFile {
        char *variable;
        char *name; /* what it was called; never NULL */
        int fd;     /* borrowed from the message; not used once it was copied */
        uint64_t max;
        bool sensitive;
        bool copied;
        uint64_t size;
        char sha256[INPUT_FILE_SHA256_SIZE];
        JsonArray *messages; /* what is wrong with it */
} InputFile;

InputFile *input_file_new(const char *variable, const char *name, int fd);
InputFile *input_file_free(InputFile *f);

/*
 * For variables_validate(): an object with, by variable, {"name", "size", "sha256"} of a file that was copied or the
 * list of messages about one that was not. This is also how the value of a file variable is stored, so an accepted
 * input that was stored is given again by moving its file variables' members here (variables_take_files()).
 */
JsonObject *input_files_to_json(const GPtrArray *files);
