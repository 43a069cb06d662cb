#define _GNU_SOURCE
#include "clinux_loop.h"

#include <sched.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

int clinux_watch_make(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int add(int watch, int descriptor, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    return epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event);
}

int clinux_watch_add(int watch, int descriptor) { return add(watch, descriptor, EPOLLIN); }

int clinux_watch_add_writable(int watch, int descriptor) { return add(watch, descriptor, EPOLLOUT); }

void clinux_watch_remove(int watch, int descriptor) { (void)epoll_ctl(watch, EPOLL_CTL_DEL, descriptor, NULL); }

void clinux_thread_setup(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
}

void clinux_thread_pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}
