#ifndef CLINUX_UDP_H
#define CLINUX_UDP_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* UDP calls that Swift cannot express: control messages (CMSG macros), sendmmsg/recvmmsg, and options newer than glibc's headers. Every
 * function returns -1 and sets errno if the system call does. */

/* An address of this host, IPv4 in its mapped form, all zero for none; with the interface if it is link-local, else 0. */
typedef struct {
    struct in6_addr address;
    uint32_t interface;
} clinux_udp_local;

/* Sends the gathered pieces as one datagram, or with `segment` > 0 as a run of datagrams of `segment` bytes each (the last may be
 * shorter) that the kernel segments: UDP_SEGMENT, at most 64 KiB and 64 segments. `to` is NULL on a connected socket. `ecn` is 0 to 3.
 * `local` is the source address; NULL lets the kernel choose. Never blocks. */
ssize_t clinux_udp_send_pieces(int fd, const struct iovec *pieces, size_t count, uint16_t segment, int ecn, const struct sockaddr *to,
                               socklen_t to_length, const clinux_udp_local *local);

/* Sends the pieces without UDP_SEGMENT, as datagrams of `segment` bytes (no piece may belong to two), by sendmmsg, at most 64 in a call.
 * `skip` datagrams at the start are left out. Returns the count of datagrams sent. */
int clinux_udp_send_many(int fd, const struct iovec *pieces, size_t count, size_t segment, size_t skip, int ecn, const struct sockaddr *to,
                         socklen_t to_length, const clinux_udp_local *local);

/* The result of one receive: `length` bytes, which are datagrams of `segment` bytes (the last may be shorter) if the kernel coalesced
 * several (UDP_GRO), else `segment` equals `length`. `local` is the address that they were sent to. */
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

/* Up to `count` (at most 64) receives in one call, each into its own slot of `slot` bytes of `buffer`, by recvmmsg; never blocks. */
int clinux_udp_receive_many(int fd, void *buffer, size_t slot, int count, clinux_udp_received *received);

/* Waits until `fd` is readable or writable as requested, `wake` is readable (-1 for none), or `nanoseconds` are over. Bit 0: `fd` is
 * ready; bit 1: `wake` is readable. */
int clinux_udp_wait(int fd, int readable, int writable, int wake, int64_t nanoseconds);

/* Whether the kernel supports UDP_SEGMENT on this socket. */
int clinux_udp_has_segmentation(int fd);
/* Turns UDP_GRO on or off. */
int clinux_udp_set_gro(int fd, int on);
/* Enables reports of the ECN bits and destinations of received datagrams, and sets DF on sent ones while ignoring the kernel's path MTU
 * (IP_PMTUDISC_PROBE). */
int clinux_udp_set_path_options(int fd, int family);
/* Sets both buffers to `bytes`, beyond the system's limit if the process has the privilege. */
void clinux_udp_set_buffers(int fd, int bytes);

#endif
