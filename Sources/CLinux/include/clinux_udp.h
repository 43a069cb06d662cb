#ifndef CLINUX_UDP_H
#define CLINUX_UDP_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* What Swift cannot write itself: control messages (CMSG macros), sendmmsg/recvmmsg, and options newer than glibc's headers.
 * Every function returns -1 and sets errno where the system call does. */

/* An address of this host, IPv4 in its mapped form, all zero for none; with the interface where it is link-local, else 0. */
typedef struct {
    struct in6_addr address;
    uint32_t interface;
} clinux_udp_local;

/* The gathered pieces as one datagram, or with `segment` > 0 as a run of datagrams of `segment` bytes each (the last may be shorter) that
 * the kernel cuts: UDP_SEGMENT, at most 64 KiB and 64 segments. `to` is NULL on a connected socket. `ecn` is 0 to 3. They
 * leave from `local`; NULL lets the kernel choose. Never waits. */
ssize_t clinux_udp_send_pieces(int fd, const struct iovec *pieces, size_t count, uint16_t segment, int ecn, const struct sockaddr *to,
                               socklen_t to_length, const clinux_udp_local *local);

/* Without UDP_SEGMENT: the same pieces as datagrams of `segment` bytes (no piece may belong to two), handed over by sendmmsg, at most 64
 * in a call. `skip` datagrams at the start are left out. The count of datagrams sent. */
int clinux_udp_send_many(int fd, const struct iovec *pieces, size_t count, size_t segment, size_t skip, int ecn, const struct sockaddr *to,
                         socklen_t to_length, const clinux_udp_local *local);

/* What one receive gave: `length` bytes, cut into datagrams of `segment` bytes (the last may be shorter) if the kernel joined several
 * (UDP_GRO), else `segment` equals `length`. `local` is the address they were sent to. */
typedef struct {
    uint32_t length;
    uint16_t segment;
    uint8_t ecn;
    uint8_t truncated;
    socklen_t from_length;
    struct sockaddr_storage from;
    clinux_udp_local local;
} clinux_udp_received;

ssize_t clinux_udp_receive(int fd, void *buffer, size_t capacity, clinux_udp_received *received);

/* Up to `count` (at most 64) receives at once, each into its own slot of `slot` bytes of `buffer`, by recvmmsg, which does not wait. */
int clinux_udp_receive_many(int fd, void *buffer, size_t slot, int count, clinux_udp_received *received);

/* Waits until `fd` is what is asked for, `wake` is readable (-1 for none), or `nanoseconds` are over.
 * Bit 0: something is there for `fd`; bit 1: `wake` is readable. */
int clinux_udp_wait(int fd, int readable, int writable, int wake, int64_t nanoseconds);

/* Whether the kernel takes UDP_SEGMENT on this socket. */
int clinux_udp_has_segmentation(int fd);
/* Turns UDP_GRO on or off. */
int clinux_udp_set_gro(int fd, int on);
/* Asks for the ECN bits and the destination of what comes in, and sets DF on what goes out without believing the kernel's path MTU (IP_PMTUDISC_PROBE). */
int clinux_udp_set_path_options(int fd, int family);
/* Sets both buffers to `bytes`, beyond the system's limit where the process may. */
void clinux_udp_set_buffers(int fd, int bytes);

#endif
