#define _GNU_SOURCE
#include "clinux_udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SO_SNDBUFFORCE
#define SO_SNDBUFFORCE 32
#define SO_RCVBUFFORCE 33
#endif

enum { MAX_BATCH = 64 };

typedef union {
    char bytes[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct cmsghdr align;
} control_buffer;

static int is_mapped(const struct sockaddr *to) {
    return to && to->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)to)->sin6_addr);
}

/* Fills in the control messages of a send; leaves the header without any if none is needed. */
static void write_control(struct msghdr *message, control_buffer *control, uint16_t segment, int ecn, const clinux_udp_local *local) {
    const struct sockaddr *to = message->msg_name;
    memset(control, 0, sizeof *control);
    message->msg_control = control->bytes;
    message->msg_controllen = sizeof control->bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    size_t used = 0;
    if (segment) {
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(c), &segment, sizeof segment);
        used += CMSG_SPACE(sizeof segment);
        c = CMSG_NXTHDR(message, c);
    }
    if (ecn && to) {
        int v4 = to->sa_family == AF_INET || is_mapped(to);
        c->cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
        c->cmsg_type = v4 ? IP_TOS : IPV6_TCLASS;
        c->cmsg_len = CMSG_LEN(sizeof ecn);
        memcpy(CMSG_DATA(c), &ecn, sizeof ecn);
        used += CMSG_SPACE(sizeof ecn);
        c = CMSG_NXTHDR(message, c);
    }
    if (local && to && to->sa_family == AF_INET) {
        struct in_pktinfo info = {.ipi_ifindex = (int)local->interface};
        memcpy(&info.ipi_spec_dst, &local->address.s6_addr[12], sizeof info.ipi_spec_dst);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        used += CMSG_SPACE(sizeof info);
    } else if (local && to) {
        /* A dual-stack socket accepts this one for IPv4 too, with a mapped address. */
        struct in6_pktinfo info = {.ipi6_addr = local->address, .ipi6_ifindex = local->interface};
        c->cmsg_level = IPPROTO_IPV6;
        c->cmsg_type = IPV6_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        used += CMSG_SPACE(sizeof info);
    }
    message->msg_controllen = used;
    if (!used) message->msg_control = NULL;
}

ssize_t clinux_udp_send_pieces(int fd, const struct iovec *pieces, size_t count, uint16_t segment, int ecn, const struct sockaddr *to,
                               socklen_t to_length, const clinux_udp_local *local) {
    control_buffer control;
    struct msghdr message = {.msg_name = (void *)to, .msg_namelen = to_length, .msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
    write_control(&message, &control, segment, ecn, local);
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int clinux_udp_send_many(int fd, const struct iovec *pieces, size_t count, size_t segment, size_t skip, int ecn, const struct sockaddr *to,
                         socklen_t to_length, const clinux_udp_local *local) {
    struct mmsghdr messages[MAX_BATCH];
    control_buffer control;
    struct msghdr shape = {.msg_name = (void *)to, .msg_namelen = to_length};
    write_control(&shape, &control, 0, ecn, local);
    unsigned made = 0;
    for (size_t i = 0; i < count && made < MAX_BATCH;) {
        size_t first = i, bytes = 0;
        do bytes += pieces[i++].iov_len;
        while (i < count && bytes + pieces[i].iov_len <= segment);
        if (skip) {
            skip--;
            continue;
        }
        messages[made] = (struct mmsghdr){.msg_hdr = shape};
        messages[made].msg_hdr.msg_iov = (struct iovec *)pieces + first;
        messages[made].msg_hdr.msg_iovlen = i - first;
        made++;
    }
    return made ? sendmmsg(fd, messages, made, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
}

static void parse_control(struct msghdr *message, clinux_udp_received *received) {
    received->segment = received->length > UINT16_MAX ? UINT16_MAX : (uint16_t)received->length;
    received->ecn = 0;
    received->truncated = (message->msg_flags & MSG_TRUNC) != 0;
    received->from_length = message->msg_namelen;
    received->local = (clinux_udp_local){.interface = 0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            if (segment > 0 && segment <= UINT16_MAX) received->segment = (uint16_t)segment;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            received->ecn = *(unsigned char *)CMSG_DATA(c) & 3;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            int traffic_class;
            memcpy(&traffic_class, CMSG_DATA(c), sizeof traffic_class);
            received->ecn = traffic_class & 3;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) continue;
            received->local.address = info.ipi6_addr;
            if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) received->local.interface = info.ipi6_ifindex;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            memset(&received->local.address.s6_addr[10], 0xFF, 2);
            memcpy(&received->local.address.s6_addr[12], &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
        }
    }
}

ssize_t clinux_udp_receive(int fd, void *buffer, size_t capacity, clinux_udp_received *received) {
    control_buffer control;
    struct iovec piece = {buffer, capacity};
    struct msghdr message = {.msg_name = &received->from,
                             .msg_namelen = sizeof received->from,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
    if (length < 0) return length;
    received->length = (uint32_t)length;
    parse_control(&message, received);
    return length;
}

int clinux_udp_receive_many(int fd, void *buffer, size_t slot, int count, clinux_udp_received *received) {
    struct mmsghdr messages[MAX_BATCH];
    struct iovec pieces[MAX_BATCH];
    control_buffer controls[MAX_BATCH];
    if (count > MAX_BATCH) count = MAX_BATCH;
    for (int i = 0; i < count; i++) {
        pieces[i] = (struct iovec){(char *)buffer + (size_t)i * slot, slot};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &received[i].from,
                                                   .msg_namelen = sizeof received[i].from,
                                                   .msg_iov = &pieces[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = controls[i].bytes,
                                                   .msg_controllen = sizeof controls[i].bytes}};
    }
    int got = recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        received[i].length = messages[i].msg_len;
        parse_control(&messages[i].msg_hdr, &received[i]);
    }
    return got;
}

int clinux_udp_wait(int fd, int readable, int writable, int wake, int64_t nanoseconds) {
    struct pollfd entries[2] = {{.fd = fd, .events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0)}, {.fd = wake, .events = POLLIN}};
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    if (nanoseconds < 0) time = (struct timespec){0, 0};
    if (ppoll(entries, wake >= 0 ? 2 : 1, &time, NULL) <= 0) return 0;
    return (entries[0].revents != 0) | (entries[1].revents != 0) << 1;
}

int clinux_udp_has_segmentation(int fd) {
    int segment = 0;
    return setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) == 0;
}

int clinux_udp_set_gro(int fd, int on) { return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on); }

int clinux_udp_set_path_options(int fd, int family) {
    int on = 1, probe4 = IP_PMTUDISC_PROBE, probe6 = IPV6_PMTUDISC_PROBE, result = 0;
    if (family == AF_INET6) {
        result |= setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe6, sizeof probe6);
        result |= setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on);
        /* Also reports the address of IPv4 datagrams, mapped. */
        result |= setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    } else {
        result |= setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    }
    /* On a dual-stack socket these apply to its IPv4 traffic. */
    result |= setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe4, sizeof probe4);
    result |= setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
    return result;
}

void clinux_udp_set_buffers(int fd, int bytes) {
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes)) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes)) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}
