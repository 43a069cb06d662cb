#include "clinux_tcp.h"

#include <linux/tcp.h>
#include <string.h>

_Static_assert(sizeof(clinux_tcp_info) >= offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(__u64), "too short for what is read");

static struct tcp_info whole(const clinux_tcp_info *info) {
    struct tcp_info result;
    memset(&result, 0, sizeof result);
    memcpy(&result, info->bytes, sizeof info->bytes < sizeof result ? sizeof info->bytes : sizeof result);
    return result;
}

int clinux_tcp_info_option(void) { return TCP_INFO; }

uint64_t clinux_tcp_acknowledged(const clinux_tcp_info *info) { return whole(info).tcpi_bytes_acked; }

uint64_t clinux_tcp_given(const clinux_tcp_info *info) {
    struct tcp_info all = whole(info);
    return all.tcpi_bytes_sent - all.tcpi_bytes_retrans + all.tcpi_notsent_bytes;
}
