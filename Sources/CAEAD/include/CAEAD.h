/* AES-256-GCM in place, with the key set up once; swift-crypto's own interface allocates and copies at every call. The work is done by
 * swift-crypto's BoringSSL; its functions are declared in CAEAD.c by the names under which swift-crypto links them, since its module is
 * no product of its package. */
#ifndef CAEAD_H
#define CAEAD_H

#include <stddef.h>
#include <stdint.h>

typedef struct caead caead;

/* A context for `key`, 32 bytes; NULL if memory is exhausted. */
caead *caead_make(const uint8_t *key);
void caead_free(caead *context);

/* Seals `count` bytes of `memory` in place and appends the tag, 16 bytes. `nonce` is 12 bytes. 1, or 0 on failure. */
int caead_seal(const caead *context, uint8_t *memory, size_t count, const uint8_t *nonce, const uint8_t *header, size_t header_count);

/* Opens `count` bytes, of which the last 16 are the tag, into `output`, which may be `sealed` itself. 1, or 0 if the tag does not
 * verify. */
int caead_open(
    const caead *context, uint8_t *output, const uint8_t *sealed, size_t count, const uint8_t *nonce, const uint8_t *header,
    size_t header_count);

#endif
