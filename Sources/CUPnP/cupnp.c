#define _GNU_SOURCE
#include "cupnp.h"

#include <arpa/inet.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether the URL is of that host and no other. */
static int is_of(const char *url, const char *host) {
    static const char scheme[] = "http://";
    size_t length = strlen(host);
    if (!url || strncmp(url, scheme, sizeof scheme - 1) != 0 || strncmp(url + sizeof scheme - 1, host, length) != 0) return 0;
    char next = url[sizeof scheme - 1 + length];
    return next == ':' || next == '/' || next == '\0';
}

static int copy(char *to, size_t size, const char *from) {
    int length = snprintf(to, size, "%s", from);
    return length > 0 && (size_t)length < size;
}

/* Whether there is a way to the group at which routers are asked: the library writes its errors to stderr, and on a machine without a network
 * that is not worth a word. */
static int has_way(const char *own_address) {
    struct sockaddr_in own = {.sin_family = AF_INET}, group = {.sin_family = AF_INET, .sin_port = htons(1900)};
    if (inet_pton(AF_INET, own_address, &own.sin_addr) != 1) return 0;
    inet_pton(AF_INET, "239.255.255.250", &group.sin_addr);
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return 0;
    int result = bind(descriptor, (struct sockaddr *)&own, sizeof own) == 0 && connect(descriptor, (struct sockaddr *)&group, sizeof group) == 0;
    close(descriptor);
    return result;
}

int cupnp_find(const char *router_address, const char *own_address, int milliseconds, struct cupnp_router *router) {
    int error = 0;
    if (!has_way(own_address)) return CUPNP_NONE;
    struct UPNPDev *devices = upnpDiscover(milliseconds, own_address, NULL, UPNP_LOCAL_PORT_ANY, 0, 2, &error);
    int result = CUPNP_NONE;
    /* One host may answer for several devices, and many times. */
    int tries = 3;
    for (struct UPNPDev *device = devices; device && result != 0 && tries > 0; device = device->pNext) {
        if (!is_of(device->descURL, router_address)) continue;
        tries--;
        struct UPNPUrls urls;
        struct IGDdatas data;
        char own[64];
        memset(&urls, 0, sizeof urls);
        memset(&data, 0, sizeof data);
        if (UPNP_GetIGDFromUrl(device->descURL, &urls, &data, own, sizeof own) != 1) continue;
        /* A description may name an address elsewhere. */
        if (is_of(urls.controlURL, router_address) && copy(router->control, sizeof router->control, urls.controlURL) &&
            copy(router->service, sizeof router->service, data.first.servicetype))
            result = 0;
        FreeUPNPUrls(&urls);
    }
    freeUPNPDevlist(devices);
    return result;
}

int cupnp_map(const struct cupnp_router *router, const char *own_address, uint16_t internal_port, uint16_t external_port, uint32_t seconds) {
    char internal[8], external[8], lease[12];
    snprintf(internal, sizeof internal, "%u", (unsigned)internal_port);
    snprintf(external, sizeof external, "%u", (unsigned)external_port);
    snprintf(lease, sizeof lease, "%u", (unsigned)seconds);
    return UPNP_AddPortMapping(router->control, router->service, external, internal, own_address, "chatty", "UDP", NULL, lease);
}

int cupnp_unmap(const struct cupnp_router *router, uint16_t external_port) {
    char external[8];
    snprintf(external, sizeof external, "%u", (unsigned)external_port);
    return UPNP_DeletePortMapping(router->control, router->service, external, "UDP", NULL);
}

int cupnp_external_address(const struct cupnp_router *router, char address[46]) {
    /* The library writes 16 bytes. */
    char text[64] = "";
    int result = UPNP_GetExternalIPAddress(router->control, router->service, text);
    if (result == 0 && !copy(address, 46, text)) result = CUPNP_NONE;
    return result;
}
