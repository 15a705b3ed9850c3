/* The sweep: what nobody looks at unless it is done from time to time. */
#include "guard.h"

#include <string.h>

enum {
    SHARES = 10 /* a sweep counts the queues of every tenth peer */
};

static size_t waiting_in(const ENetList *list)
{
    size_t sum = 0;
    ENetListIterator at;

    for (at = enet_list_begin(list); at != enet_list_end(list); at = enet_list_next(at)) {
        const ENetIncomingCommand *command = (const ENetIncomingCommand *)at;

        if (command->packet != NULL)
            sum += command->packet->dataLength;
    }
    return sum;
}

/*
 * Adds up what waits for a peer's missing packets. ENet keeps this number itself
 * but forgets to subtract what it throws away, so that after enough lost
 * unreliable fragments it would take nothing more.
 */
static size_t count_waiting(const ENetPeer *peer)
{
    size_t sum = waiting_in(&peer->dispatchedCommands), channel;

    for (channel = 0; channel < peer->channelCount; channel++)
        sum += waiting_in(&peer->channels[channel].incomingReliableCommands) +
               waiting_in(&peer->channels[channel].incomingUnreliableCommands);
    return sum;
}

static uint32_t count_in_flight(const ENetPeer *peer)
{
    uint32_t n = 0;
    ENetListIterator at;

    for (at = enet_list_begin(&peer->sentReliableCommands);
         at != enet_list_end(&peer->sentReliableCommands) && n < 1 << 20; at = enet_list_next(at))
        n++;
    return n;
}

/* ENet's counters start again every ten seconds; then the new value is the growth. */
static double growth(uint32_t now, uint32_t *seen)
{
    uint32_t grown = now >= *seen ? now - *seen : now;

    *seen = now;
    return grown;
}

/* Keeps the share of lost commands over about the last second. */
static void sample_loss(loci_peer *p, const ENetPeer *peer)
{
    p->recent_sent = p->recent_sent * 0.9 + growth(peer->packetsSent, &p->seen_sent);
    p->recent_lost = p->recent_lost * 0.9 + growth(peer->packetsLost, &p->seen_lost);
}

/*
 * ENet waits twice as long each time before it sends something again: at 20 % loss
 * it gives up on a peer that is there, and a state waits for seconds. What is on
 * its way here is small and soon worthless: two usual waits are enough.
 */
static void hasten(ENetPeer *peer)
{
    enum { LEAST_MS = 100, MOST_MS = 1000 };
    uint32_t wait = 2 * (peer->roundTripTime + 4 * peer->roundTripTimeVariance);
    ENetListIterator at;

    wait = wait < LEAST_MS ? LEAST_MS : wait > MOST_MS ? MOST_MS : wait;
    for (at = enet_list_begin(&peer->sentReliableCommands); at != enet_list_end(&peer->sentReliableCommands);
         at = enet_list_next(at)) {
        ENetOutgoingCommand *command = (ENetOutgoingCommand *)at;

        if (command->roundTripTimeout <= wait)
            continue;
        command->roundTripTimeout = wait;
        if ((int32_t)(command->sentTime + wait - peer->nextTimeout) < 0)
            peer->nextTimeout = command->sentTime + wait;
    }
}

static void sweep_connected(loci_guard *guard, ENetPeer *peer, size_t slot)
{
    loci_peer *p = &guard->peers[slot];

    sample_loss(p, peer);
    if (p->outgoing > 0)
        p->outgoing = loci_count_outgoing(peer);
    /* The peer may have told ENet otherwise. */
    peer->packetThrottleDeceleration = 0;
    if (slot % SHARES != guard->turn && peer->totalWaitingData < guard->limits.max_waiting / 2)
        return;
    peer->totalWaitingData = count_waiting(peer);
    p->in_flight = count_in_flight(peer);
}

/* Disconnects the peers that make the host hold most, as long as all of it is too much. */
static void bound_waiting(loci_guard *guard)
{
    ENetHost *host = guard->host;
    size_t sum = 0, most = 0, slot, biggest = 0;

    for (slot = 0; slot < host->peerCount; slot++) {
        size_t waiting = host->peers[slot].totalWaitingData;

        if (guard->peers[slot].condemned)
            continue;
        sum += waiting;
        if (waiting > most) {
            most = waiting;
            biggest = slot;
        }
    }
    if (sum > guard->limits.max_waiting_total)
        loci_overload(guard, biggest, LOCI_DROP_WAITING);
}

/* The same for what is on its way to them. */
static void bound_outgoing(loci_guard *guard)
{
    ENetHost *host = guard->host;
    size_t sum = 0, most = 0, slot, biggest = 0;

    for (slot = 0; slot < host->peerCount; slot++) {
        size_t outgoing = guard->peers[slot].outgoing;

        if (host->peers[slot].state != ENET_PEER_STATE_CONNECTED || guard->peers[slot].condemned)
            continue;
        sum += outgoing;
        if (outgoing > most) {
            most = outgoing;
            biggest = slot;
        }
    }
    if (sum > guard->limits.max_outgoing_total)
        loci_overload(guard, biggest, LOCI_DROP_OUTGOING);
}

/* To be called every LOCI_WINDOW_MS while there are peers. */
void loci_sweep(loci_guard *guard)
{
    ENetHost *host = guard->host;
    uint32_t now = enet_time_get();
    size_t slot;

    guard->half_open = 0;
    guard->turn = (guard->turn + 1) % SHARES;
    for (slot = 0; slot < host->peerCount; slot++) {
        ENetPeer *peer = &host->peers[slot];

        /* Half-open, it is sent something again only when it sends something, see loci_answer_again. */
        if (peer->state != ENET_PEER_STATE_DISCONNECTED && peer->state != ENET_PEER_STATE_ACKNOWLEDGING_CONNECT)
            hasten(peer);
        switch (peer->state) {
        case ENET_PEER_STATE_ACKNOWLEDGING_CONNECT:
            if (now - guard->peers[slot].since_ms >= guard->limits.half_open_ms) {
                guard->drops[LOCI_DROP_HALF_OPEN_EXPIRED]++;
                enet_peer_reset(peer);
            } else {
                guard->half_open++;
            }
            break;
        case ENET_PEER_STATE_CONNECTED:
            sweep_connected(guard, peer, slot);
            break;
        default:
            break;
        }
    }
    bound_waiting(guard);
    bound_outgoing(guard);
    loci_shrink(guard);
}

static uint32_t until(uint32_t now, uint32_t then, uint32_t late)
{
    return (int32_t)(then - now) > 0 ? then - now : late;
}

/*
 * Milliseconds until ENet or the sweep next have something to do by themselves;
 * idle_ms when there is no peer.
 */
uint32_t loci_due(const loci_guard *guard, uint32_t idle_ms)
{
    enum { WINDOW_BLOCKED_MS = 5 };
    const ENetHost *host = guard->host;
    uint32_t now = enet_time_get(), due = idle_ms;
    const ENetPeer *peer;

    for (peer = host->peers; peer < &host->peers[host->peerCount]; peer++) {
        uint32_t next = LOCI_WINDOW_MS;

        if (peer->state == ENET_PEER_STATE_DISCONNECTED)
            continue;
        if (!enet_list_empty(&peer->sentReliableCommands))
            next = until(now, peer->nextTimeout, WINDOW_BLOCKED_MS);
        else if (peer->state == ENET_PEER_STATE_CONNECTED)
            next = until(now, peer->lastReceiveTime + peer->pingInterval, WINDOW_BLOCKED_MS);
        if (!enet_list_empty(&peer->outgoingCommands) || !enet_list_empty(&peer->acknowledgements))
            next = next < WINDOW_BLOCKED_MS ? next : WINDOW_BLOCKED_MS;
        due = due < next ? due : next;
        due = due < LOCI_WINDOW_MS ? due : LOCI_WINDOW_MS;
    }
    return due;
}

loci_stat loci_stat_of(const loci_guard *guard, size_t slot)
{
    const ENetPeer *peer = &guard->host->peers[slot];
    const loci_peer *p = &guard->peers[slot];
    loci_stat s = {
        .rtt_ms = peer->roundTripTime,
        .rtt_variance_ms = peer->roundTripTimeVariance,
        .loss = p->recent_sent > 0 ? p->recent_lost / p->recent_sent : 0,
        .sent_bytes = p->sent_bytes,
        .sent_packets = p->sent_packets,
        .recv_bytes = p->recv_bytes,
        .recv_packets = p->recv_packets,
        .queued = p->outgoing,
    };

    if (s.loss > 1)
        s.loss = 1;
    return s;
}
