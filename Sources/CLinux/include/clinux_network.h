#ifndef CLINUX_NETWORK_H
#define CLINUX_NETWORK_H

#include <stddef.h>

/* The name of a network interface's driver: `virtio_net`, `bridge`, `tun` (ETHTOOL_GDRVINFO). 0, or -1 and errno: EOPNOTSUPP if it
 * reports none. */
int clinux_interface_driver(const char *interface, char *driver, size_t length);

#endif
