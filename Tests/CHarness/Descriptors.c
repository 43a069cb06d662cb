#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// A few tests hold some hundreds, each other one that runs a server or a transfer in this process two dozen.
enum { FOR_A_FEW = 700, FOR_EACH = 25 };

static long least(long a, long b) { return a < b ? a : b; }

// Before anything else in the test process: it takes as many descriptors as it may have, for the usual soft limit of 1024 is there for the
// sake of select(2) alone; and it is said how many tests run at a time, which Swift Testing reads when it starts. Left to itself it runs them
// all at once: on few cores each of them, with its peer that goes on and its limits of time, then waits for hundreds of others.
__attribute__((constructor)) static void prepare(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) limit.rlim_cur = before;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long descriptors = limit.rlim_cur < 1 << 20 ? (long)limit.rlim_cur : 1 << 20;
    long width = least(4 + 4 * (cores < 1 ? 1 : cores), (descriptors - FOR_A_FEW) / FOR_EACH);
    char text[24];
    snprintf(text, sizeof text, "%ld", width < 2 ? 2 : width);
    setenv("SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH", text, 0);
}
