// Linux interfaces that Swift cannot import by itself: macros, ancillary data, newer system calls.
#ifndef CHATTY_CLINUX_H
#define CHATTY_CLINUX_H

#include <stdint.h>
#include <sys/types.h>

#endif
