#define _GNU_SOURCE
#include "CHarness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int charness_open_terminal(unsigned short columns, unsigned short rows, char name[128]) {
    int leader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (leader < 0) return -1;
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if (grantpt(leader) || unlockpt(leader) || ptsname_r(leader, name, 128) || ioctl(leader, TIOCSWINSZ, &size)) {
        int error = errno;
        close(leader);
        errno = error;
        return -1;
    }
    return leader;
}

int charness_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int charness_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                   const int standard[3], const char *terminal, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    for (int number = 0; number < 3 && !error; number++) {
        // The first terminal that the leader of a new session opens becomes its controlling one (pty(7)).
        error = terminal ? posix_spawn_file_actions_addopen(&actions, number, terminal, O_RDWR, 0)
                         : posix_spawn_file_actions_adddup2(&actions, standard[number], number);
    }
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!error) error = posix_spawn_file_actions_addchdir_np(&actions, directory);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (!error) error = posix_spawnattr_setflags(&attributes, flags);
    if (!error) error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}
