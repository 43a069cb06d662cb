#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

// Of all tests at once; and where there are fewer, of the few that hold hundreds, and of each other one that holds many.
enum { FOR_ALL = 4096, FOR_A_FEW = 700, FOR_EACH = 15 };

// Before anything else in the test process: it takes as many descriptors as it may have, for the usual soft limit of 1024 is there for the
// sake of select(2) alone. Where it may not have enough for all tests at once, which is how they run, fewer run at a time: Swift Testing reads
// its environment when it starts.
__attribute__((constructor)) static void prepare(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) limit.rlim_cur = before;
    if (limit.rlim_cur >= FOR_ALL) return;
    long width = ((long)limit.rlim_cur - FOR_A_FEW) / FOR_EACH;
    char text[24];
    snprintf(text, sizeof text, "%ld", width < 2 ? 2 : width);
    setenv("SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH", text, 0);
}
