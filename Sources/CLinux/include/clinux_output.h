#ifndef CLINUX_OUTPUT_H
#define CLINUX_OUTPUT_H

#include <stddef.h>

/// Writes all of it, waiting where the descriptor takes no more for now. -1 with errno set; some of it may have been written then.
int clinux_write_all(int descriptor, const void *bytes, size_t count);

#endif
