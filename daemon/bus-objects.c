/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "access.h"
#include "bus-objects.h"
#include "job-bus.h"
#include "job-result-bus.h"
#include "log-control-bus.h"
#include "manager-bus.h"
#include "queue-bus.h"
#include "scheduled-job-bus.h"

int bus_objects_add(Manager *m, sd_bus *bus) {
        int r;

        r = access_guard(m->access, bus);
        if (r >= 0)
                r = manager_bus_add(m, bus);
        if (r >= 0)
                r = job_bus_add(m, bus);
        if (r >= 0)
                r = job_result_bus_add(m, bus);
        if (r >= 0)
                r = queue_bus_add(m, bus);
        if (r >= 0)
                r = scheduled_job_bus_add(m, bus);
        if (r >= 0)
                r = log_control_bus_add(bus);
        return r;
}
