#define _GNU_SOURCE
#include "clinux_network.h"

#include <errno.h>
#include <linux/ethtool.h>
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
