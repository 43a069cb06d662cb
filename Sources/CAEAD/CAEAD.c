#include "CAEAD.h"

typedef struct evp_aead_st EVP_AEAD;
typedef struct evp_aead_ctx_st EVP_AEAD_CTX;

enum { KEY = 32, NONCE = 12, TAG = 16 };

const EVP_AEAD *CCryptoBoringSSL_EVP_aead_aes_256_gcm(void);
EVP_AEAD_CTX *CCryptoBoringSSL_EVP_AEAD_CTX_new(const EVP_AEAD *aead, const uint8_t *key, size_t key_len, size_t tag_len);
void CCryptoBoringSSL_EVP_AEAD_CTX_free(EVP_AEAD_CTX *ctx);
int CCryptoBoringSSL_EVP_AEAD_CTX_seal(
    const EVP_AEAD_CTX *ctx, uint8_t *out, size_t *out_len, size_t max_out_len, const uint8_t *nonce, size_t nonce_len,
    const uint8_t *in, size_t in_len, const uint8_t *ad, size_t ad_len);
int CCryptoBoringSSL_EVP_AEAD_CTX_open(
    const EVP_AEAD_CTX *ctx, uint8_t *out, size_t *out_len, size_t max_out_len, const uint8_t *nonce, size_t nonce_len,
    const uint8_t *in, size_t in_len, const uint8_t *ad, size_t ad_len);

caead *caead_make(const uint8_t *key) {
    return (caead *)CCryptoBoringSSL_EVP_AEAD_CTX_new(CCryptoBoringSSL_EVP_aead_aes_256_gcm(), key, KEY, TAG);
}

void caead_free(caead *context) { CCryptoBoringSSL_EVP_AEAD_CTX_free((EVP_AEAD_CTX *)context); }

int caead_seal(const caead *context, uint8_t *memory, size_t count, const uint8_t *nonce, const uint8_t *header, size_t header_count) {
    size_t length = 0;
    return CCryptoBoringSSL_EVP_AEAD_CTX_seal(
        (const EVP_AEAD_CTX *)context, memory, &length, count + TAG, nonce, NONCE, memory, count, header, header_count);
}

int caead_open(
    const caead *context, uint8_t *output, const uint8_t *sealed, size_t count, const uint8_t *nonce, const uint8_t *header,
    size_t header_count) {
    size_t length = 0;
    if (count < TAG) return 0;
    return CCryptoBoringSSL_EVP_AEAD_CTX_open(
        (const EVP_AEAD_CTX *)context, output, &length, count - TAG, nonce, NONCE, sealed, count, header, header_count);
}
