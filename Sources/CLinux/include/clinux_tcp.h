#ifndef CLINUX_TCP_H
#define CLINUX_TCP_H

#include <stddef.h>
#include <stdint.h>

/* The beginning of the kernel's struct tcp_info (linux/tcp.h), as getsockopt fills it: the C library's own ends before what is wanted here. */
typedef struct {
    unsigned char bytes[216];
} clinux_tcp_info;

/* TCP_INFO. */
int clinux_tcp_info_option(void);

/* Bytes that the peer's machine has acknowledged, since the connection began. */
uint64_t clinux_tcp_acknowledged(const clinux_tcp_info *info);
/* Bytes that were given to the socket, sent or not, since the connection began. */
uint64_t clinux_tcp_given(const clinux_tcp_info *info);

#endif
