#include "CSPAKE2.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct spake2_ctx_st SPAKE2_CTX;

enum { MESSAGE = 32, KEY = 64, ALICE = 0, BOB = 1 };

SPAKE2_CTX *CCryptoBoringSSL_SPAKE2_CTX_new(
    int my_role, const uint8_t *my_name, size_t my_name_len, const uint8_t *their_name, size_t their_name_len);
void CCryptoBoringSSL_SPAKE2_CTX_free(SPAKE2_CTX *ctx);
int CCryptoBoringSSL_SPAKE2_generate_msg(
    SPAKE2_CTX *ctx, uint8_t *out, size_t *out_len, size_t max_out_len, const uint8_t *password, size_t password_len);
int CCryptoBoringSSL_SPAKE2_process_msg(
    SPAKE2_CTX *ctx, uint8_t *out_key, size_t *out_key_len, size_t max_out_key_len, const uint8_t *their_msg, size_t their_msg_len);

struct cspake2 {
    SPAKE2_CTX *context;
    atomic_flag is_used;
};

cspake2 *cspake2_make(
    int first, const uint8_t *own_name, size_t own_count, const uint8_t *peer_name, size_t peer_count, uint8_t *message,
    const uint8_t *password, size_t count) {
    cspake2 *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    atomic_flag_clear(&made->is_used);
    made->context = CCryptoBoringSSL_SPAKE2_CTX_new(first ? ALICE : BOB, own_name, own_count, peer_name, peer_count);
    size_t length = 0;
    if (!made->context ||
        !CCryptoBoringSSL_SPAKE2_generate_msg(made->context, message, &length, MESSAGE, password, count) || length != MESSAGE) {
        cspake2_free(made);
        return NULL;
    }
    return made;
}

void cspake2_free(cspake2 *made) {
    CCryptoBoringSSL_SPAKE2_CTX_free(made->context);
    free(made);
}

int cspake2_key(cspake2 *made, uint8_t *key, const uint8_t *message) {
    size_t length = 0;
    if (atomic_flag_test_and_set(&made->is_used)) return 0;
    return CCryptoBoringSSL_SPAKE2_process_msg(made->context, key, &length, KEY, message, MESSAGE) && length == KEY;
}
