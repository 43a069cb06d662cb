#define _GNU_SOURCE
#include "include/clinux_wakeup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

int clinux_wakeup_make(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void clinux_wakeup_signal(int descriptor) {
    // It only fails if the descriptor is readable already.
    (void)!eventfd_write(descriptor, 1);
}

void clinux_wakeup_clear(int descriptor) {
    eventfd_t count;
    (void)!eventfd_read(descriptor, &count);
}

int clinux_alarm_make(unsigned seconds) {
    int descriptor = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    struct itimerspec times = {{(time_t)seconds, 0}, {(time_t)seconds, 0}};
    if (descriptor >= 0 && timerfd_settime(descriptor, 0, &times, NULL) != 0) {
        int saved = errno;
        close(descriptor);
        return errno = saved, -1;
    }
    return descriptor;
}

#define LIMIT 16

static volatile sig_atomic_t writing_end = -1;
static int reading_end = -1;
static int redirected[LIMIT];
static struct sigaction before[LIMIT];
static size_t redirected_count;

static void forward(int signal) {
    int saved = errno;
    uint8_t byte = (uint8_t)signal;
    // A full pipe holds thousands of unread signals: another one would not matter.
    (void)!write(writing_end, &byte, 1);
    errno = saved;
}

int clinux_signals_open(const int *signals, size_t count) {
    if (writing_end >= 0) return errno = EBUSY, -1;
    if (count > LIMIT) return errno = EINVAL, -1;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    reading_end = ends[0];
    writing_end = ends[1];
    redirected_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct sigaction old;
        if (sigaction(signals[i], NULL, &old) != 0 || old.sa_handler == SIG_IGN) continue;
        struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        if (sigaction(signals[i], &action, NULL) != 0) continue;
        redirected[redirected_count] = signals[i];
        before[redirected_count++] = old;
    }
    return reading_end;
}

void clinux_signals_close(void) {
    if (writing_end < 0) return;
    for (size_t i = 0; i < redirected_count; i++) sigaction(redirected[i], &before[i], NULL);
    redirected_count = 0;
    int end = writing_end;
    writing_end = -1;
    close(end);
    close(reading_end);
    reading_end = -1;
}

void clinux_signals_end_process(int signal) {
    clinux_signals_close();
    // Not the handler of a language's runtime, which would write a crash report.
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigaction(signal, &usual, NULL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    // Threads of a pool block all signals, and threads that they start inherit that.
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(signal);
}
