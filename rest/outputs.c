/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bus.h"
#include "encode.h"
#include "error.h"
#include "job-json.h"
#include "resources.h"

/* /api/extras/job-results/<id>/outputs/ */

static bool result_path(Request *r, char ret[static BUS_PATH_SIZE]) {
        if (bus_path_of_uuid(JOBD_RESULT_PATH, r->captures[0], ret) >= 0)
                return true;
        request_fail(r, MHD_HTTP_NOT_FOUND, "Not found.");
        return false;
}

static JsonObject *describe_output(Request *r, const char *name, uint64_t size, const char *sha256, uint64_t usec) {
        JsonObject *o = json_object_new();
        g_autofree char *created = job_json_format_time(usec), *base = encode_url(r, "job-results", r->captures[0]);
        g_autofree char *escaped = g_uri_escape_string(name, NULL, false);
        g_autofree char *url = g_strconcat(base, "outputs/", escaped, "/", NULL);

        json_object_set_string_member(o, "name", name);
        json_object_set_int_member(o, "size", (int64_t) size);
        json_object_set_string_member(o, "sha256", sha256);
        json_object_set_string_member(o, "created", created ?: "");
        json_object_set_string_member(o, "url", url);
        return o;
}

static void on_outputs(Request *r, sd_bus_message *reply) {
        g_autoptr(JsonArray) outputs = json_array_new();
        const char *name, *sha256;
        JsonObject *object;
        uint64_t size, usec;
        int n;

        n = sd_bus_message_enter_container(reply, 'a', "(stst)");
        while (n >= 0 && (n = sd_bus_message_read(reply, "(stst)", &name, &size, &sha256, &usec)) > 0)
                json_array_add_object_element(outputs, describe_output(r, name, size, sha256, usec));
        if (bus_failed(r, n))
                return;
        /* All there are, a run has 100 at most; in the form of every list. */
        object = json_object_new();
        json_object_set_int_member(object, "count", json_array_get_length(outputs));
        json_object_set_null_member(object, "next");
        json_object_set_null_member(object, "previous");
        json_object_set_array_member(object, "results", TAKE_PTR(outputs));
        request_reply_object(r, MHD_HTTP_OK, object);
}

void outputs_list(Request *r) {
        char path[BUS_PATH_SIZE];

        if (result_path(r, path))
                bus_call(r, on_outputs, path, JOBD_RESULT_INTERFACE, "ListOutputs", NULL);
}

/* What a job has written is never something for a browser to show, or to run. */
static void on_output(Request *r, sd_bus_message *reply) {
        g_autofree char *escaped = g_uri_escape_string(r->captures[1], NULL, false);
        g_autofree char *disposition = g_strdup_printf("attachment; filename*=UTF-8''%s", escaped);
        struct MHD_Response *response;
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int borrowed, n;

        n = sd_bus_message_read(reply, "h", &borrowed);
        if (n >= 0) {
                fd = fcntl(borrowed, F_DUPFD_CLOEXEC, 3);
                n = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        }
        if (bus_failed(r, n))
                return;
        response = MHD_create_response_from_fd64((uint64_t) st.st_size, TAKE_FD(fd));
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
        request_reply(r, MHD_HTTP_OK, response);
}

void outputs_download(Request *r) {
        char path[BUS_PATH_SIZE];

        if (result_path(r, path))
                bus_call(r, on_output, path, JOBD_RESULT_INTERFACE, "OpenOutput", "s", r->captures[1]);
}
