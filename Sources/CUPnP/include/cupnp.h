#ifndef CUPNP_H
#define CUPNP_H

#include <stdint.h>

/* A router's service for port mappings (UPnP Internet Gateway Device). */
struct cupnp_router {
    char control[512];
    char service[128];
};

/* Errors below zero are this file's or the library's, those above are UPnP's. */
enum {
    CUPNP_NONE = -1000,                 /* no router answers */
    CUPNP_CONFLICT = 718,               /* the external port is another's */
    CUPNP_ONLY_PERMANENT_LEASES = 725,  /* a mapping without an end only */
};

/* All of these block, for seconds if the router is slow.
 *
 * Looks for the service of the router at `router_address`, and of no other host: whoever answers on the network could claim to be one, and
 * would be connected to. `own_address` is this machine's on that network. */
int cupnp_find(const char *router_address, const char *own_address, int milliseconds, struct cupnp_router *router);

/* Maps a UDP port of the router to the same machine's `internal_port` for `seconds`, 0 for ever. */
int cupnp_map(const struct cupnp_router *router, const char *own_address, uint16_t internal_port, uint16_t external_port, uint32_t seconds);

int cupnp_unmap(const struct cupnp_router *router, uint16_t external_port);

/* The router's external address in text; 46 bytes. */
int cupnp_external_address(const struct cupnp_router *router, char address[46]);

#endif
