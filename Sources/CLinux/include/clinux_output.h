#ifndef CLINUX_OUTPUT_H
#define CLINUX_OUTPUT_H

#include <stddef.h>

/// Writes all bytes, and waits while the descriptor is not writable. -1 with errno set; some bytes may have been written then.
int clinux_write_all(int descriptor, const void *bytes, size_t count);

#endif
