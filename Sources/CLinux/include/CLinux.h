#ifndef CLINUX_H
#define CLINUX_H

#include "clinux_files.h"
#include "clinux_output.h"
#include "clinux_wakeup.h"
#include "clinux_loop.h"
#include "clinux_udp.h"

#endif
