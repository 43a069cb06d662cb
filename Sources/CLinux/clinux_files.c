#define _GNU_SOURCE
#include "clinux_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* glibc's name of the POSIX strerror_r if _GNU_SOURCE is defined, which replaces it by the GNU form. */
extern int __xpg_strerror_r(int, char *, size_t);

/* The fallback opens every component by itself, which must be a folder, never a link and never "..". */
static int open_step_by_step(int folder, const char *path, int flags, mode_t mode) {
    char part[256];
    int at = folder;
    for (;;) {
        const char *slash = strchr(path, '/');
        size_t length = slash ? (size_t)(slash - path) : strlen(path);
        int fd = -1;
        if (length == 0 || length >= sizeof part || (length == 2 && path[0] == '.' && path[1] == '.')) {
            errno = EXDEV;
        } else {
            memcpy(part, path, length);
            part[length] = 0;
            fd = slash ? openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : openat(at, part, flags | O_NOFOLLOW, mode);
        }
        if (at != folder) {
            int kept = errno;
            close(at);
            errno = kept;
        }
        if (fd < 0 || !slash) return fd;
        at = fd;
        path = slash + 1;
    }
}

int clinux_open_beneath(int folder, const char *path, int flags, mode_t mode) {
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = -1;
    /* EAGAIN: something was renamed during the walk; the kernel asks for another call. */
    for (int attempt = 0; attempt < 16; attempt++) {
        fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN) break;
    }
    /* A container's seccomp filter returns EPERM for an unknown call; if EPERM is genuine, the steps fail likewise. */
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
    return open_step_by_step(folder, path, flags | O_CLOEXEC, mode);
}

int clinux_rename_exclusive(int folder, const char *from, const char *to) {
    return renameat2(folder, from, folder, to, RENAME_NOREPLACE);
}

int clinux_open_place(const char *path, int flags) { return open(path, O_PATH | O_CLOEXEC | flags); }

int clinux_sync_file_system(int descriptor) { return syncfs(descriptor); }

void clinux_error_text(int code, char *buffer, size_t length) {
    if (__xpg_strerror_r(code, buffer, length)) snprintf(buffer, length, "error %d", code);
}

uint32_t clinux_file_system_kind(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) == 0 ? (uint32_t)status.f_type : 0;
}

int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length) {
    return fsetxattr(descriptor, name, value, length, 0);
}

ssize_t clinux_attribute(int descriptor, const char *name, void *value, size_t length) {
    return fgetxattr(descriptor, name, value, length);
}
