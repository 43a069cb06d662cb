#ifndef CLINUX_H
#define CLINUX_H

/* Not part of Swift's Glibc module. */
#include <sys/epoll.h>

#include "clinux_files.h"
#include "clinux_output.h"
#include "clinux_wakeup.h"
#include "clinux_loop.h"
#include "clinux_network.h"
#include "clinux_tcp.h"
#include "clinux_udp.h"

#endif
