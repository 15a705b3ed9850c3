/* The range of slots that ENet gets to see. */
#include "guard.h"

/*
 * ENet goes through all its peers several times whenever it is called, and most
 * of a place's are vacant: so it is shown no more of them than are in use, and
 * some. It takes the first vacant one, which keeps the range short.
 */
int loci_grow(loci_guard *guard)
{
    size_t *count = &guard->host->peerCount;

    if (*count == guard->capacity)
        return 0;
    *count = guard->capacity - *count > LOCI_STEP ? *count + LOCI_STEP : guard->capacity;
    return 1;
}

void loci_shrink(loci_guard *guard)
{
    ENetHost *host = guard->host;
    size_t used = host->peerCount;

    while (used > 0 && host->peers[used - 1].state == ENET_PEER_STATE_DISCONNECTED)
        used--;
    used = (used / LOCI_STEP + 1) * LOCI_STEP;
    if (used < host->peerCount)
        host->peerCount = used;
}

/* Makes a vacant slot visible to ENet, if there is one, before dialing. */
void loci_make_room(loci_guard *guard)
{
    size_t slot;

    for (slot = 0; slot < guard->host->peerCount; slot++)
        if (guard->host->peers[slot].state == ENET_PEER_STATE_DISCONNECTED)
            return;
    loci_grow(guard);
}
