/* SPAKE2 over edwards25519, by swift-crypto's BoringSSL, whose Swift interface does not offer it. Its functions are declared in CSPAKE2.c by
 * the names under which swift-crypto links them, since its module is no product of its package. */
#ifndef CSPAKE2_H
#define CSPAKE2_H

#include <stddef.h>
#include <stdint.h>

typedef struct cspake2 cspake2;

/* One side of one run: `first` is 1 for Alice, who is masked with M, and 0 for Bob. The names are bound into the key. Writes this side's
 * message for `password`, 32 bytes. NULL if memory is exhausted. */
cspake2 *cspake2_make(
    int first, const uint8_t *own_name, size_t own_count, const uint8_t *peer_name, size_t peer_count, uint8_t *message,
    const uint8_t *password, size_t count);
void cspake2_free(cspake2 *made);

/* Takes the peer's message, 32 bytes, and writes the key, 64 bytes. 1, or 0 if the message is no point, and for every call but the first,
 * from whatever thread. */
int cspake2_key(cspake2 *made, uint8_t *key, const uint8_t *message);

#endif
