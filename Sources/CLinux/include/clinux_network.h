#ifndef CLINUX_NETWORK_H
#define CLINUX_NETWORK_H

#include <stddef.h>

/* The name of a network interface's driver: `virtio_net`, `bridge`, `tun` (ETHTOOL_GDRVINFO). 0, or -1 and errno: EOPNOTSUPP if it
 * reports none. */
int clinux_interface_driver(const char *interface, char *driver, size_t length);

/* A socket that is readable when links, addresses or routes of this machine change (rtnetlink(7)); -1 and errno if there is none. */
int clinux_route_watch_make(void);
/* Discards what has come to it. 1 if anything had, else 0. */
int clinux_route_watch_clear(int descriptor);

#endif
