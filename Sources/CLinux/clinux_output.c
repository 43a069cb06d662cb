#include "clinux_output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int clinux_write_all(int descriptor, const void *bytes, size_t count) {
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(descriptor, rest, count);
        if (written >= 0) {
            rest += written;
            count -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd polled = {.fd = descriptor, .events = POLLOUT};
            if (poll(&polled, 1, -1) < 0 && errno != EINTR) return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}
