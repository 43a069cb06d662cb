#ifndef CLINUX_NETWORK_H
#define CLINUX_NETWORK_H

#include <stddef.h>

/* The name of what drives a network interface: `virtio_net`, `bridge`, `tun` (ETHTOOL_GDRVINFO). 0, or -1 and errno: EOPNOTSUPP for one that does
 * not tell. */
int clinux_interface_driver(const char *interface, char *driver, size_t length);

#endif
