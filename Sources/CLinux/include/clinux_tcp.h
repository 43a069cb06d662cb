#ifndef CLINUX_TCP_H
#define CLINUX_TCP_H

#include <stddef.h>
#include <stdint.h>

/* The beginning of the kernel's struct tcp_info (linux/tcp.h), as filled by getsockopt: the C library's own ends before the fields
 * needed here. */
typedef struct {
    unsigned char bytes[216];
} clinux_tcp_info;

/* TCP_INFO. */
int clinux_tcp_info_option(void);

/* Bytes that the peer's machine has acknowledged since the connection began. */
uint64_t clinux_tcp_acknowledged(const clinux_tcp_info *info);
/* Bytes that were written to the socket since the connection began, sent or not. */
uint64_t clinux_tcp_given(const clinux_tcp_info *info);

#endif
