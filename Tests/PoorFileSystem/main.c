/* A file system that can little, for tests: a folder of this machine shown through FUSE as FAT and what speaks for it elsewhere would.
 *
 *   PoorFileSystem FOLDER MOUNTPOINT
 *
 * It has no hard links and no rename that spares what is there; takes no name with ? : * < > | " in it; passes over dots at a name's end; and
 * makes no difference between letters that differ in case, as far as they are ASCII. Says "ready" on stdout once it is mounted, and ends when it
 * is unmounted or its parent ends. Speaks the kernel's protocol itself (linux/fuse.h): one request after the other, nodes named by the inodes behind them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MOST_NODES = 4096, MOST_BYTES = 1 << 20 };

static int device;
static struct { uint64_t inode; char path[4096]; } nodes[MOST_NODES];
static size_t node_count;
static char request[MOST_BYTES], answer[MOST_BYTES];

static const char *path_of(uint64_t node) {
    if (node == FUSE_ROOT_ID) return nodes[0].path;
    for (size_t i = 1; i < node_count; i++)
        if (nodes[i].inode == node) return nodes[i].path;
    return NULL;
}

static void remember(uint64_t inode, const char *path) {
    size_t place = 1;
    while (place < node_count && nodes[place].inode != inode) place++;
    if (place == MOST_NODES) { fputs("too many files\n", stderr); exit(1); }
    if (place == node_count) node_count++;
    nodes[place].inode = inode;
    snprintf(nodes[place].path, sizeof nodes[place].path, "%s", path);
}

/* The path behind a name in a folder: that of what is there and is called alike, else of what would be made. 0, or an errno. */
static int resolve(uint64_t folder, const char *name, char *path) {
    const char *above = path_of(folder);
    if (!above) return ESTALE;
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] == '.') length--;
    if (length == 0 || strpbrk(name, "?:*<>|\"")) return EINVAL;
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%.*s", (int)length, name);
    DIR *stream = opendir(above);
    if (!stream) return errno;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (!strcasecmp(entry->d_name, wanted)) {
            snprintf(wanted, sizeof wanted, "%s", entry->d_name);
            break;
        }
    closedir(stream);
    snprintf(path, 4096, "%s/%s", above, wanted);
    return 0;
}

static void reply(uint64_t unique, int error, const void *body, size_t length) {
    struct fuse_out_header *header = (void *)answer;
    *header = (struct fuse_out_header){.len = (uint32_t)(sizeof *header + length), .error = -error, .unique = unique};
    if (length) memmove(answer + sizeof *header, body, length);
    if (write(device, answer, header->len) < 0 && errno != ENOENT) perror("answer");
}

static struct fuse_attr attributes(const struct stat *status) {
    return (struct fuse_attr){
        .ino = status->st_ino, .size = (uint64_t)status->st_size, .blocks = (uint64_t)status->st_blocks,
        .atime = (uint64_t)status->st_atim.tv_sec, .mtime = (uint64_t)status->st_mtim.tv_sec, .ctime = (uint64_t)status->st_ctim.tv_sec,
        .atimensec = (uint32_t)status->st_atim.tv_nsec, .mtimensec = (uint32_t)status->st_mtim.tv_nsec,
        .ctimensec = (uint32_t)status->st_ctim.tv_nsec, .mode = status->st_mode, .nlink = 1, .uid = status->st_uid, .gid = status->st_gid,
        .blksize = 4096};
}

/* What is at the path, as the kernel wants to know it of a name; nothing is kept in its caches. */
static int entry(const char *path, struct fuse_entry_out *out) {
    struct stat status;
    if (lstat(path, &status)) return errno;
    remember(status.st_ino, path);
    *out = (struct fuse_entry_out){.nodeid = status.st_ino, .attr = attributes(&status)};
    return 0;
}

static void reply_entry(uint64_t unique, const char *path, int error) {
    struct fuse_entry_out out;
    if (!error) error = entry(path, &out);
    reply(unique, error, &out, error ? 0 : sizeof out);
}

static void reply_attributes(uint64_t unique, const char *path, int error) {
    struct stat status;
    if (!error && lstat(path, &status)) error = errno;
    struct fuse_attr_out out = {.attr = error ? (struct fuse_attr){0} : attributes(&status)};
    reply(unique, error, &out, error ? 0 : sizeof out);
}

static int set_attributes(const char *path, const struct fuse_setattr_in *in) {
    if (in->valid & FATTR_SIZE && truncate(path, (off_t)in->size)) return errno;
    if (in->valid & FATTR_MODE && chmod(path, in->mode & 07777)) return errno;
    if (in->valid & (FATTR_ATIME | FATTR_MTIME)) {
        struct timespec times[2] = {{in->valid & FATTR_ATIME ? (time_t)in->atime : 0, in->valid & FATTR_ATIME_NOW ? UTIME_NOW : in->valid & FATTR_ATIME ? in->atimensec : UTIME_OMIT},
                                    {in->valid & FATTR_MTIME ? (time_t)in->mtime : 0, in->valid & FATTR_MTIME_NOW ? UTIME_NOW : in->valid & FATTR_MTIME ? in->mtimensec : UTIME_OMIT}};
        if (utimensat(AT_FDCWD, path, times, 0)) return errno;
    }
    return 0;
}

static void list(uint64_t unique, const char *path, const struct fuse_read_in *in) {
    static char names[65536];
    size_t length = 0;
    DIR *stream = opendir(path);
    if (!stream) return reply(unique, errno, NULL, 0);
    uint64_t place = 0;
    for (struct dirent *found; (found = readdir(stream)); ) {
        if (place++ < in->offset) continue;
        struct fuse_dirent *out = (void *)(names + length);
        size_t bytes = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + strlen(found->d_name));
        if (length + bytes > in->size || length + bytes > sizeof names) break;
        *out = (struct fuse_dirent){.ino = found->d_ino, .off = place, .namelen = (uint32_t)strlen(found->d_name), .type = found->d_type};
        memcpy(out->name, found->d_name, out->namelen);
        length += bytes;
    }
    closedir(stream);
    reply(unique, 0, names, length);
}

static void create(const struct fuse_in_header *header, const struct fuse_create_in *in) {
    char path[4096];
    int error = resolve(header->nodeid, (const char *)(in + 1), path);
    int descriptor = error ? -1 : open(path, ((int)in->flags & ~(O_TRUNC | O_NOFOLLOW)) | O_CREAT | O_CLOEXEC, in->mode & 0777);
    if (!error && descriptor < 0) error = errno;
    struct { struct fuse_entry_out entry; struct fuse_open_out open; } out = {.open = {.fh = (uint64_t)descriptor, .open_flags = FOPEN_DIRECT_IO}};
    if (!error) error = entry(path, &out.entry);
    reply(header->unique, error, &out, error ? 0 : sizeof out);
}

static void serve(const struct fuse_in_header *header, const void *body) {
    const char *own = path_of(header->nodeid);
    char path[4096], other[4096];
    int error = 0;
    switch (header->opcode) {
    case FUSE_INIT: {
        const struct fuse_init_in *in = body;
        struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = in->max_readahead,
                                    .max_write = 131072, .flags = in->flags & FUSE_BIG_WRITES};
        return reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: return;
    case FUSE_DESTROY: exit(0);
    case FUSE_LOOKUP:
        error = resolve(header->nodeid, body, path);
        return reply_entry(header->unique, path, error == EINVAL ? ENOENT : error);
    case FUSE_GETATTR: return reply_attributes(header->unique, own, own ? 0 : ESTALE);
    case FUSE_SETATTR: return reply_attributes(header->unique, own, own ? set_attributes(own, body) : ESTALE);
    case FUSE_MKDIR: {
        const struct fuse_mkdir_in *in = body;
        error = resolve(header->nodeid, (const char *)(in + 1), path);
        if (!error && mkdir(path, in->mode & 0777)) error = errno;
        return reply_entry(header->unique, path, error);
    }
    case FUSE_UNLINK: case FUSE_RMDIR:
        error = resolve(header->nodeid, body, path);
        if (!error && (header->opcode == FUSE_UNLINK ? unlink(path) : rmdir(path))) error = errno;
        return reply(header->unique, error, NULL, 0);
    case FUSE_RENAME: {
        const struct fuse_rename_in *in = body;
        const char *from = (const char *)(in + 1), *to = from + strlen(from) + 1;
        error = resolve(header->nodeid, from, path);
        if (!error) error = resolve(in->newdir, to, other);
        struct stat status;
        if (!error && lstat(path, &status)) error = errno;
        if (!error && rename(path, other)) error = errno;
        if (!error) remember(status.st_ino, other);
        return reply(header->unique, error, NULL, 0);
    }
    case FUSE_CREATE: return create(header, body);
    case FUSE_OPEN: case FUSE_OPENDIR: {
        const struct fuse_open_in *in = body;
        int descriptor = own ? open(own, ((int)in->flags & ~(O_TRUNC | O_NOFOLLOW | O_CREAT | O_EXCL)) | O_CLOEXEC) : -1;
        struct fuse_open_out out = {.fh = (uint64_t)descriptor, .open_flags = header->opcode == FUSE_OPEN ? FOPEN_DIRECT_IO : 0};
        return descriptor < 0 ? reply(header->unique, own ? errno : ESTALE, NULL, 0) : reply(header->unique, 0, &out, sizeof out);
    }
    case FUSE_READ: {
        const struct fuse_read_in *in = body;
        static char bytes[131072];
        ssize_t count = pread((int)in->fh, bytes, in->size < sizeof bytes ? in->size : sizeof bytes, (off_t)in->offset);
        return reply(header->unique, count < 0 ? errno : 0, bytes, count < 0 ? 0 : (size_t)count);
    }
    case FUSE_WRITE: {
        const struct fuse_write_in *in = body;
        ssize_t count = pwrite((int)in->fh, in + 1, in->size, (off_t)in->offset);
        struct fuse_write_out out = {.size = (uint32_t)(count < 0 ? 0 : count)};
        return reply(header->unique, count < 0 ? errno : 0, &out, count < 0 ? 0 : sizeof out);
    }
    case FUSE_READDIR: return list(header->unique, own, body);
    case FUSE_RELEASE: case FUSE_RELEASEDIR: close((int)((const struct fuse_release_in *)body)->fh); return reply(header->unique, 0, NULL, 0);
    case FUSE_FSYNC: case FUSE_FSYNCDIR: case FUSE_FLUSH: return reply(header->unique, 0, NULL, 0);
    case FUSE_STATFS: {
        struct statvfs figures;
        if (statvfs(nodes[0].path, &figures)) return reply(header->unique, errno, NULL, 0);
        struct fuse_statfs_out out = {.st = {.blocks = figures.f_blocks, .bfree = figures.f_bfree, .bavail = figures.f_bavail,
                                             .bsize = (uint32_t)figures.f_bsize, .frsize = (uint32_t)figures.f_frsize, .namelen = 255}};
        return reply(header->unique, 0, &out, sizeof out);
    }
    default: return reply(header->unique, ENOSYS, NULL, 0);
    }
}

int main(int count, char **words) {
    if (count != 3) return fputs("usage: PoorFileSystem FOLDER MOUNTPOINT\n", stderr), 2;
    if (!realpath(words[1], nodes[node_count++].path)) return perror(words[1]), 1;
    /* Not without who wants it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) return perror("/dev/fuse"), 1;
    char options[128];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device, getuid(), getgid());
    if (mount("poor", words[2], "fuse.poor", MS_NOSUID | MS_NODEV, options)) return perror("mount"), 1;
    umask(0);
    puts("ready");
    fflush(stdout);
    for (;;) {
        ssize_t length = read(device, request, sizeof request);
        if (length < 0 && (errno == EINTR || errno == ENOENT)) continue;
        if (length < 0) return errno == ENODEV ? 0 : (perror("read"), 1);
        serve((const void *)request, request + sizeof(struct fuse_in_header));
        memset(request, 0, (size_t)length);
    }
}
