#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens `path` below the folder `folder`: no symbolic link on the way or at the end, no way out (openat2 with RESOLVE_BENEATH,
 * RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS; step by step with O_NOFOLLOW where the kernel has no openat2). */
int clinux_open_beneath(int folder, const char *path, int flags, mode_t mode);

/* Renames within `folder`, fails with EEXIST if `to` exists (renameat2 with RENAME_NOREPLACE), and with EINVAL where the file system
 * cannot do that. */
int clinux_rename_exclusive(int folder, const char *from, const char *to);

/* Opens a place and nothing of what is in it, O_PATH of open(2): it leads there through /proc/self/fd. */
int clinux_open_place(const char *path, int flags);

/* Flushes the whole file system that `descriptor` is on (syncfs). */
int clinux_sync_file_system(int descriptor);

/* Which kind of file system `descriptor` is on, as in linux/magic.h (fstatfs); 0 where that cannot be told. */
uint32_t clinux_file_system_kind(int descriptor);

/* Sets and reads an extended attribute of an open file (fsetxattr, fgetxattr): 0, or the bytes read; -1 where the file system keeps none. */
int clinux_set_attribute(int descriptor, const char *name, const void *value, size_t length);
ssize_t clinux_attribute(int descriptor, const char *name, void *value, size_t length);

/* The system's words for an errno (the POSIX strerror_r). */
void clinux_error_text(int code, char *buffer, size_t length);

#endif
