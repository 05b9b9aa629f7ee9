/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "bus-error.h"
#include "bus-property.h"
#include "bus-reply.h"
#include "names.h"
#include "object-path.h"
#include "queue-bus.h"

/* org.jobd1.JobQueue, and GetJobQueue (the list is in list-queue-bus.c). */

/* ---- properties ---- */

static int append_int32(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "i", *(const int32_t *) member);
}

static int append_when_unavailable(sd_bus_message *m, const void *member) {
        return sd_bus_message_append(m, "s", job_queue_when_unavailable_to_string(
                                                             *(const JobQueueWhenUnavailable *) member));
}

static int append_resources(sd_bus_message *m, const void *member) {
        char *const *values = member;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{ss}");
        for (JobQueueResource i = 0; i < _JOB_QUEUE_RESOURCE_MAX && r >= 0; i++)
                if (values[i])
                        r = sd_bus_message_append(m, "{ss}", job_queue_resource_to_string(i), values[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_slice(sd_bus_message *m, const void *member) {
        g_autofree char *slice = job_queue_slice(*(char *const *) member);

        return sd_bus_message_append(m, "s", slice);
}

static const BusProperty properties[] = {
        { "Id", "s", bus_append_char_array, offsetof(JobQueue, id) },
        { "Name", "s", bus_append_string, offsetof(JobQueue, name) },
        { "Description", "s", bus_append_string, offsetof(JobQueue, description) },
        { "Enabled", "b", bus_append_bool, offsetof(JobQueue, enabled) },
        { "MaxRunning", "u", bus_append_uint32, offsetof(JobQueue, max_running) },
        { "MaxPending", "u", bus_append_uint32, offsetof(JobQueue, max_pending) },
        { "Weight", "u", bus_append_uint32, offsetof(JobQueue, weight) },
        { "Priority", "i", append_int32, offsetof(JobQueue, priority) },
        { "WhenUnavailable", "s", append_when_unavailable, offsetof(JobQueue, when_unavailable) },
        { "Resources", "a{ss}", append_resources, offsetof(JobQueue, resources) },
        { "Slice", "s", append_slice, offsetof(JobQueue, name) },
        { "DateCreated", "t", bus_append_uint64, offsetof(JobQueue, date_created) },
        { "LastUpdated", "t", bus_append_uint64, offsetof(JobQueue, last_updated) },
};

const char *const queue_bus_changing_properties[] = {
        "Description", "Enabled",         "MaxRunning", "MaxPending",  "Weight",
        "Priority",    "WhenUnavailable", "Resources",  "LastUpdated", NULL,
};

/* What is not the queue's own, but known of it. */
static int append_state(sd_bus_message *m, const Manager *manager, const JobQueue *q, const char *name) {
        uint64_t n;

        if (strcmp(name, "Default") == 0)
                return sd_bus_message_append(m, "b", strcmp(q->name, manager->settings->default_queue) == 0);
        n = strcmp(name, "Running") == 0 ? dispatcher_count_running_in(manager->dispatcher, q->name)
                                         : dispatcher_count_waiting_in(manager->dispatcher, q->name);
        return sd_bus_message_append(m, "u", (uint32_t) MIN(n, (uint64_t) UINT32_MAX));
}

static const struct {
        const char *name, *type;
} states[] = { { "Default", "b" }, { "Running", "u" }, { "Waiting", "u" } };

static int append_state_entry(sd_bus_message *m, const Manager *manager, const JobQueue *q, size_t i) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", states[i].name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', states[i].type);
        if (r >= 0)
                r = append_state(m, manager, q, states[i].name);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int queue_bus_append_properties(sd_bus_message *reply, const Manager *manager, const JobQueue *q) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = bus_property_append_each(properties, ELEMENTSOF(properties), reply, q);
        for (size_t i = 0; i < ELEMENTSOF(states) && r >= 0; i++)
                r = append_state_entry(reply, manager, q, i);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        JobQueueBus *b = userdata;

        return bus_property_append(properties, ELEMENTSOF(properties), property, reply, b->queue);
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                     void *userdata, sd_bus_error *error) {
        JobQueueBus *b = userdata;

        return append_state(reply, b->manager, b->queue, property);
}

/* ---- GetJobQueue ---- */

int queue_bus_reply_path(Manager *m, sd_bus_message *call, const char *id) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char path[OBJECT_PATH_SIZE];
        int r;

        object_path_format(JOBD_QUEUE_PATH, id, path);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "o", path);
        return r < 0 ? r : bus_reply_after_commit(m, call, TAKE_PTR(reply));
}

int queue_bus_get(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        const char *reference;
        const JobQueue *q;
        int r;

        r = sd_bus_message_read(m, "s", &reference);
        if (r < 0)
                return r;
        q = job_queues_find(manager->queues, reference);
        if (!q)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_JOB_QUEUE, BUS_MESSAGE_NO_SUCH_JOB_QUEUE, reference);
        return queue_bus_reply_path(manager, m, q->id);
}

/* ---- the object ---- */

#define CONST_PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST)
#define PROPERTY(name, type) SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION)
#define STATE(name, type) SD_BUS_PROPERTY(name, type, get_state, 0, 0)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Set", SD_BUS_ARGS("a{sv}", properties), SD_BUS_NO_RESULT, queue_bus_set,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, queue_bus_delete, SD_BUS_VTABLE_UNPRIVILEGED),
        CONST_PROPERTY("Id", "s"),
        CONST_PROPERTY("Name", "s"),
        PROPERTY("Description", "s"),
        PROPERTY("Enabled", "b"),
        STATE("Default", "b"),
        PROPERTY("MaxRunning", "u"),
        PROPERTY("MaxPending", "u"),
        PROPERTY("Weight", "u"),
        PROPERTY("Priority", "i"),
        PROPERTY("WhenUnavailable", "s"),
        PROPERTY("Resources", "a{ss}"),
        CONST_PROPERTY("Slice", "s"),
        STATE("Running", "u"),
        STATE("Waiting", "u"),
        CONST_PROPERTY("DateCreated", "t"),
        PROPERTY("LastUpdated", "t"),
        SD_BUS_VTABLE_END,
};

static int find_queue(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                      sd_bus_error *error) {
        char id[UUID_STRING_SIZE];
        JobQueueBus *b = userdata;

        if (object_path_parse(path, JOBD_QUEUE_PATH, id) < 0)
                return 0;
        b->queue = job_queues_find_by_id(b->manager->queues, id);
        if (!b->queue)
                return 0;
        *ret_found = b;
        return 1;
}

int queue_bus_add(Manager *m, sd_bus *bus) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        JobQueueBus *b;
        int r;

        b = g_new0(JobQueueBus, 1);
        b->manager = m;
        r = sd_bus_add_fallback_vtable(bus, &slot, JOBD_QUEUE_PATH, JOBD_QUEUE_INTERFACE, vtable, find_queue, b);
        if (r < 0) {
                g_free(b);
                return r;
        }
        (void) sd_bus_slot_set_destroy_callback(slot, g_free);
        return sd_bus_slot_set_floating(slot, true);
}
