#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens `path` below the folder `folder`, without a symbolic link on the way or at the end, and without a way out (openat2 with
 * RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS; step by step with O_NOFOLLOW if the kernel has no openat2). */
int clinux_open_beneath(int folder, const char *path, int flags, mode_t mode);

/* Renames within `folder`. Fails with EEXIST if `to` exists (renameat2 with RENAME_NOREPLACE), and with EINVAL if the file system does
 * not support that. */
int clinux_rename_exclusive(int folder, const char *from, const char *to);

/* Opens a path without access to its contents (O_PATH of open(2)); the descriptor leads there through /proc/self/fd. */
int clinux_open_place(const char *path, int flags);

/* Flushes the whole file system of `descriptor` (syncfs). */
int clinux_sync_file_system(int descriptor);

/* The type of the file system of `descriptor`, as in linux/magic.h (fstatfs); 0 if unknown. */
uint32_t clinux_file_system_kind(int descriptor);

/* Set and read an extended attribute of an open file (fsetxattr, fgetxattr): 0, or the bytes read; -1 if the file system supports none. */
int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length);
ssize_t clinux_attribute(int descriptor, const char *name, void *value, size_t length);

/* The system's text for an errno (the POSIX strerror_r). */
void clinux_error_text(int code, char *buffer, size_t length);

#endif
