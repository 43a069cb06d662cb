#define _GNU_SOURCE
#include "clinux_network.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int clinux_interface_driver(const char *interface, char *driver, size_t length) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) descriptor = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ethtool_drvinfo information = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq request = {.ifr_data = (char *)&information};
    strncpy(request.ifr_name, interface, sizeof request.ifr_name - 1);
    int result = ioctl(descriptor, SIOCETHTOOL, &request);
    int saved = errno;
    close(descriptor);
    if (result == 0) snprintf(driver, length, "%.*s", (int)sizeof information.driver, information.driver);
    errno = saved;
    return result;
}

int clinux_route_watch_make(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (descriptor < 0) return -1;
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
    };
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

int clinux_route_watch_clear(int descriptor) {
    char buffer[4096];
    int any = 0;
    for (;;) {
        ssize_t count = recv(descriptor, buffer, sizeof buffer, MSG_TRUNC);
        if (count < 0 && errno == EINTR) continue;
        /* ENOBUFS: messages were lost, so something has changed. */
        if (count < 0 && errno == ENOBUFS) {
            any = 1;
            continue;
        }
        if (count <= 0) return any;
        any = 1;
    }
}
