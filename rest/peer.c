/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "limit.h"
#include "peer.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* As the kernel has them for the process that has connected. -ENOPROTOOPT: it does not say. */
static int read_peer_groups(int fd, Peer *p) {
        socklen_t size = 64 * sizeof(gid_t);
        g_autofree gid_t *groups = g_malloc(size);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
                if (errno != ERANGE)
                        return -errno;
                groups = g_realloc(groups, size); /* as much as it takes, the kernel says */
                if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
                        return -errno;
        }
        p->n_groups = size / sizeof(gid_t);
        p->groups = TAKE_PTR(groups);
        return 0;
}

/* As the databases of users and groups have them. */
static int look_up_groups(Peer *p) {
        const struct passwd *user;
        int n = 64;

        errno = 0;
        user = getpwuid(p->uid);
        if (!user)
                return errno > 0 ? -errno : -ESRCH;
        for (;;) {
                int had = n;

                p->groups = g_renew(gid_t, p->groups, n);
                if (getgrouplist(user->pw_name, p->gid, p->groups, &n) >= 0)
                        break;
                if (n <= had)
                        return -EIO;
        }
        p->n_groups = (size_t) n;
        return 0;
}

int peer_read(int fd, Peer *ret) {
        struct ucred credentials;
        socklen_t size = sizeof(credentials);
        Peer p = {};
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -errno;
        if (size != sizeof(credentials) || credentials.uid == (uid_t) -1 || credentials.gid == (gid_t) -1)
                return -ENODATA;
        p.uid = credentials.uid;
        p.gid = credentials.gid;

        r = read_peer_groups(fd, &p);
        if (r < 0)
                r = look_up_groups(&p);
        if (r < 0) {
                peer_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}

void peer_done(Peer *p) {
        g_clear_pointer(&p->groups, g_free);
        p->n_groups = 0;
}

static int drop_capabilities(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static bool has_no_capabilities(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        if (syscall(SYS_capget, &header, data) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                if (data[i].effective || data[i].permitted || data[i].inheritable)
                        return false;
        return true;
}

/* What was asked for is not trusted to have happened. */
static bool has_become(const Peer *p) {
        uid_t uid, euid, suid;
        gid_t gid, egid, sgid;

        if (getresuid(&uid, &euid, &suid) < 0 || getresgid(&gid, &egid, &sgid) < 0)
                return false;
        if (uid != p->uid || euid != p->uid || suid != p->uid || gid != p->gid || egid != p->gid || sgid != p->gid)
                return false;
        if (getgroups(0, NULL) != (int) p->n_groups || !has_no_capabilities() ||
            prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                return false;
        /* There must be no way back. */
        return p->uid == 0 || (setresuid(0, 0, 0) < 0 && seteuid(0) < 0);
}

int peer_become(const Peer *p) {
        int r;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        if (setgroups(p->n_groups, p->groups) < 0 || setresgid(p->gid, p->gid, p->gid) < 0)
                return -errno;
        if (setresuid(p->uid, p->uid, p->uid) < 0)
                return -errno;
        r = drop_capabilities();
        if (r < 0)
                return r;
        /* The user's other processes may not look into this one: what it holds of a request is its sender's. */
        if (prctl(PR_SET_DUMPABLE, 0) < 0)
                return -errno;
        return has_become(p) ? 0 : -EPERM;
}

/* The directory is made by the first connection since boot, and not at each by RuntimeDirectory=, which costs more. */
static int open_places(const char *directory, uid_t uid) {
        g_autofree char *path = g_strdup_printf("%s/%u", directory, (unsigned) uid);
        const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
        int fd;

        fd = open(path, flags, 0600);
        if (fd < 0 && errno == ENOENT && (mkdir(directory, 0700) >= 0 || errno == EEXIST))
                fd = open(path, flags, 0600);
        return fd < 0 ? -errno : fd;
}

int peer_take_place(const char *directory, uid_t uid) {
        _cleanup_close_ int fd = open_places(directory, uid);

        if (fd < 0)
                return fd;
        for (int place = 0; place < CONNECTIONS_PER_USER_MAX; place++) {
                struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place, .l_len = 1 };

                if (fcntl(fd, F_OFD_SETLK, &lock) >= 0)
                        return TAKE_FD(fd);
                if (errno != EAGAIN && errno != EACCES)
                        return -errno;
        }
        return -EUSERS;
}
