/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "json.h"
#include "limit.h"
#include "multipart.h"

enum { BUFFER_SIZE = 4096 }; /* of libmicrohttpd: holds the headers of a part */

struct Multipart {
        struct MHD_PostProcessor *processor;
        GPtrArray *parts;
        GHashTable *names; /* borrowed from the parts */
        unsigned n_files;
        uint64_t text_size;
        bool may_go_on; /* the last part, at offset 0 */
        bool has_data;
        const char *problem; /* static */
};

static void part_free(void *p) {
        Part *part = p;

        g_free(part->name);
        g_free(part->file_name);
        if (part->text) {
                explicit_bzero(part->text->str, part->text->len);
                g_string_free(part->text, true);
        }
        closep(&part->fd);
        g_free(part);
}

static bool text_is_valid(const char *text, size_t size_max) {
        size_t size = strlen(text);

        return size > 0 && size <= size_max && g_utf8_validate(text, (gssize) size, NULL);
}

static const char *check_part(const Multipart *m, const char *name, const char *file_name) {
        if (!name || !text_is_valid(name, 255))
                return "A part has no name, or one that is too long or not UTF-8.";
        if (file_name && file_name[0] && !text_is_valid(file_name, 4096))
                return "A part has a file name that is too long or not UTF-8.";
        if (m->parts->len == PARTS_MAX || (file_name && m->n_files == FILES_MAX))
                return "There are too many parts.";
        if (g_hash_table_contains(m->names, name))
                return "A part is there twice.";
        return NULL;
}

static Part *part_begin(Multipart *m, const char *name, const char *file_name) {
        Part *part;

        m->problem = check_part(m, name, file_name);
        if (m->problem)
                return NULL;
        part = g_new0(Part, 1);
        part->name = g_strdup(name);
        part->file_name = g_strdup(file_name);
        part->fd = -EBADF;
        if (file_name) {
                m->n_files++;
                part->fd = memfd_create("jobd-rest-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
                if (part->fd < 0)
                        m->problem = "There is no room for the file.";
        } else
                part->text = g_string_new(NULL);
        g_ptr_array_add(m->parts, part);
        (void) g_hash_table_add(m->names, part->name);
        return part;
}

/* libmicrohttpd calls with offset 0 and no bytes, and with offset 0 once more, when all it had of a value could have
 * been the begin of a boundary. An empty part and one of the same name after it look the same: they count as one. */
static bool part_goes_on(Multipart *m, const char *name, const char *file_name, size_t size) {
        const Part *last = m->parts->len > 0 ? m->parts->pdata[m->parts->len - 1] : NULL;
        bool may_go_on = m->may_go_on;

        m->may_go_on = size == 0;
        if (!may_go_on || size == 0)
                return false;
        return g_strcmp0(last->name, name) == 0 && g_strcmp0(last->file_name, file_name) == 0;
}

static void part_write(Multipart *m, Part *part, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(part->fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        m->problem = "There is no room for the file.";
                        return;
                }
                data += n;
                size -= (size_t) n;
        }
}

static enum MHD_Result on_part(void *userdata, enum MHD_ValueKind kind, const char *name, const char *file_name,
                               const char *type, const char *encoding, const char *data, uint64_t offset,
                               size_t size) {
        Multipart *m = userdata;
        Part *part;

        if (m->problem)
                return MHD_NO;
        if (offset == 0 && !part_goes_on(m, name, file_name, size))
                part = part_begin(m, name, file_name);
        else
                part = m->parts->len > 0 ? m->parts->pdata[m->parts->len - 1] : NULL;
        if (m->problem || !part)
                return MHD_NO;
        if (part->fd >= 0) {
                part_write(m, part, data, size);
                return m->problem ? MHD_NO : MHD_YES;
        }
        m->text_size += size;
        if (m->text_size > BODY_SIZE_MAX) {
                m->problem = "The parts that are no files are too large.";
                return MHD_NO;
        }
        g_string_append_len(part->text, data, (gssize) size);
        return MHD_YES;
}

Multipart *multipart_new(struct MHD_Connection *connection) {
        Multipart *m = g_new0(Multipart, 1);

        m->parts = g_ptr_array_new_with_free_func(part_free);
        m->names = g_hash_table_new(g_str_hash, g_str_equal);
        m->processor = MHD_create_post_processor(connection, BUFFER_SIZE, on_part, m);
        return m->processor ? m : multipart_free(m);
}

Multipart *multipart_free(Multipart *m) {
        if (!m)
                return NULL;
        if (m->processor)
                (void) MHD_destroy_post_processor(m->processor);
        g_hash_table_unref(m->names);
        g_ptr_array_unref(m->parts);
        g_free(m);
        return NULL;
}

void multipart_add(Multipart *m, const char *data, size_t size) {
        m->has_data = true;
        if (!m->problem && MHD_post_process(m->processor, data, size) != MHD_YES && !m->problem)
                m->problem = "Multipart form parse error - the parts cannot be told from each other.";
}

/* What was received of a file can no longer be changed by anybody. */
static void part_finish(Multipart *m, Part *part) {
        if (part->text && (!g_utf8_validate(part->text->str, (gssize) part->text->len, NULL) ||
                           memchr(part->text->str, 0, part->text->len)))
                m->problem = "A part that is no file is not UTF-8 text.";
        if (part->fd >= 0 && (lseek(part->fd, 0, SEEK_SET) < 0 ||
                              fcntl(part->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
                m->problem = "There is no room for the file.";
}

void multipart_finish(Multipart *m) {
        struct MHD_PostProcessor *processor = TAKE_PTR(m->processor);

        if (MHD_destroy_post_processor(processor) != MHD_YES && !m->problem)
                m->problem = "Multipart form parse error - the last part has no end.";
        else if (m->has_data && m->parts->len == 0 && !m->problem)
                m->problem = "Multipart form parse error - there is no part.";
        for (unsigned i = 0; i < m->parts->len && !m->problem; i++)
                part_finish(m, m->parts->pdata[i]);
}

const char *multipart_problem(const Multipart *m) {
        return m->problem;
}

const GPtrArray *multipart_parts(const Multipart *m) {
        return m->parts;
}
