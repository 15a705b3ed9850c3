/* Traffic between Go and ENet, in batches. */
#include "guard.h"

#include <string.h>

enum {
    /* A send or receive that fails ends enet_host_service early. Calling again
     * goes on behind the peer or datagram at fault, so a batch bears many. */
    ERRORS_PER_BATCH = 64
};

static void prepare(const loci_guard *guard, ENetPeer *peer)
{
    enet_peer_timeout(peer, ENET_PEER_TIMEOUT_LIMIT, guard->limits.timeout_min, guard->limits.timeout_max);
}

static loci_event connected(loci_guard *guard, ENetPeer *peer)
{
    loci_event e = {
        .type = LOCI_EVENT_CONNECT,
        .slot = peer->incomingPeerID,
        .from_host = peer->address.host,
        .from_port = peer->address.port,
    };

    prepare(guard, peer);
    if (peer->roundTripTime >= LOCI_NEVER_MS / 2)
        peer->roundTripTime = ENET_PEER_DEFAULT_ROUND_TRIP_TIME; /* not measured yet */
    /* ENet drops unreliable packets when round trips vary. States and voice are
     * worth more late by a jitter than not sent: never slow down, on either end. */
    enet_peer_throttle_configure(peer, ENET_PEER_PACKET_THROTTLE_INTERVAL, ENET_PEER_PACKET_THROTTLE_ACCELERATION, 0);
    return e;
}

static loci_event event_of(loci_guard *guard, const ENetEvent *from)
{
    loci_event e = {.type = (int)from->type, .slot = from->peer->incomingPeerID};

    switch (from->type) {
    case ENET_EVENT_TYPE_CONNECT:
        return connected(guard, from->peer);
    case ENET_EVENT_TYPE_DISCONNECT:
        e.goodbye = guard->peers[e.slot].goodbye;
        e.code = from->data;
        break;
    case ENET_EVENT_TYPE_RECEIVE:
        e.channel = from->channelID;
        e.packet = from->packet;
        e.data = from->packet->data;
        e.length = from->packet->dataLength;
        guard->peers[e.slot].recv_packets++;
        break;
    default:
        break;
    }
    return e;
}

/* Appends an event for each condemned peer that Go has not heard of. */
static int overloads(loci_guard *guard, loci_event *events, int n, int most)
{
    size_t slot;

    if (!guard->overloads)
        return n;
    for (slot = 0; slot < guard->host->peerCount; slot++) {
        if (!guard->peers[slot].overload)
            continue;
        if (n == most)
            return n; /* the rest comes with the next batch */
        events[n++] = (loci_event){
            .type = LOCI_EVENT_OVERLOAD,
            .slot = (uint16_t)slot,
            .code = guard->peers[slot].overload - 1u,
        };
        guard->peers[slot].overload = 0;
    }
    guard->overloads = 0;
    return n;
}

/* Fills events from what ENet has received already. */
static int dispatch(loci_guard *guard, loci_event *events, int filled, int n)
{
    ENetEvent event;

    while (filled < n && enet_host_check_events(guard->host, &event) > 0)
        events[filled++] = event_of(guard, &event);
    return filled;
}

/*
 * Sends what is queued, receives what has come, and fills events, at most n;
 * returns how many. Their packets are valid until loci_release. Datagrams may be
 * left on the socket.
 */
int loci_service(loci_guard *guard, loci_event *events, int n)
{
    int filled = dispatch(guard, events, 0, n), errors = 0;

    while (filled < n && errors < ERRORS_PER_BATCH) {
        ENetEvent event;
        int result;

        /* When somebody comes or goes ENet would tell all others how much they may send,
         * which is as much as ever. */
        guard->host->recalculateBandwidthLimits = 0;
        result = enet_host_service(guard->host, &event, 0);

        if (result == 0)
            break;
        if (result < 0) {
            errors++;
            continue;
        }
        events[filled++] = event_of(guard, &event);
        filled = dispatch(guard, events, filled, n);
        if (event.type == ENET_EVENT_TYPE_RECEIVE)
            break; /* all is sent and received; others come up in the middle of it */
    }
    return overloads(guard, events, filled, n);
}

/* Frees the packets of events; may be called from any thread. */
void loci_release(loci_event *events, int n)
{
    int i;

    for (i = 0; i < n; i++)
        enet_packet_destroy(events[i].packet);
}

/* May be called from any thread. NULL when there is no memory. */
ENetPacket *loci_packet(const void *data, size_t length, int reliable, int fragile)
{
    enet_uint32 flags = 0;

    if (reliable)
        flags = ENET_PACKET_FLAG_RELIABLE;
    else if (fragile)
        flags = ENET_PACKET_FLAG_UNRELIABLE_FRAGMENT;
    return enet_packet_create(data, length, flags);
}

/* Frees a packet that was never sent; may be called from any thread. */
void loci_packet_free(ENetPacket *packet)
{
    enet_packet_destroy(packet);
}

static void unmark(ENetPacket *packet)
{
    *(uint8_t *)packet->userData = 1;
}

/*
 * Has a packet set a byte when ENet is done with it: everybody it was sent to has
 * acknowledged it, or is gone. The byte is the caller's to free, after that. NULL
 * when there is no memory.
 */
uint8_t *loci_mark(ENetPacket *packet)
{
    uint8_t *mark = calloc(1, 1);

    if (mark != NULL) {
        packet->userData = mark;
        packet->freeCallback = unmark;
    }
    return mark;
}

static size_t bytes_in(const ENetList *list)
{
    size_t sum = 0;
    ENetListIterator at;

    for (at = enet_list_begin(list); at != enet_list_end(list); at = enet_list_next(at))
        sum += ((const ENetOutgoingCommand *)at)->fragmentLength + sizeof(ENetOutgoingCommand);
    return sum;
}

/* Bytes that a peer has been sent and has not acknowledged, with what each piece costs. */
size_t loci_count_outgoing(const ENetPeer *peer)
{
    return bytes_in(&peer->outgoingCommands) + bytes_in(&peer->sentReliableCommands);
}

/* Counts the same for a slot, and keeps the sum. */
size_t loci_count_queued(loci_guard *guard, size_t slot)
{
    return guard->peers[slot].outgoing = loci_count_outgoing(&guard->host->peers[slot]);
}

/* Adds a packet to what a peer has been sent, and counts when that may be too much. */
static void account(loci_guard *guard, const ENetPeer *peer, const ENetPacket *packet)
{
    loci_peer *p = &guard->peers[peer->incomingPeerID];
    size_t room = peer->mtu - sizeof(ENetProtocolHeader) - sizeof(ENetProtocolSendFragment);
    size_t pieces = packet->dataLength > room ? (packet->dataLength + room - 1) / room : 1;
    size_t header = pieces > 1                                  ? sizeof(ENetProtocolSendFragment)
                    : packet->flags & ENET_PACKET_FLAG_RELIABLE ? sizeof(ENetProtocolSendReliable)
                                                                : sizeof(ENetProtocolSendUnreliable);

    p->sent_packets++;
    p->sent_bytes += packet->dataLength + pieces * header;
    p->outgoing += packet->dataLength + pieces * sizeof(ENetOutgoingCommand);
    if (p->outgoing <= guard->limits.max_outgoing)
        return;
    p->outgoing = loci_count_outgoing(peer);
    if (p->outgoing > guard->limits.max_outgoing)
        loci_overload(guard, peer->incomingPeerID, LOCI_DROP_OUTGOING);
}

static size_t fragment_bytes(const ENetList *list, uint8_t channel)
{
    size_t sum = 0;
    ENetListIterator at;

    for (at = enet_list_begin(list); at != enet_list_end(list); at = enet_list_next(at)) {
        const ENetOutgoingCommand *command = (const ENetOutgoingCommand *)at;

        if (command->command.header.channelID == channel
            && (command->command.header.command & ENET_PROTOCOL_COMMAND_MASK) == ENET_PROTOCOL_COMMAND_SEND_FRAGMENT)
            sum += command->fragmentLength;
    }
    return sum;
}

/* Whether a peer has so much to take on a channel that a live packet, which would
 * have to queue up behind it, is better not sent. One that is larger than the limit
 * goes alone. */
static int clogged(const loci_guard *guard, const ENetPeer *peer, uint8_t channel, size_t length)
{
    size_t queued =
        fragment_bytes(&peer->outgoingCommands, channel) + fragment_bytes(&peer->sentReliableCommands, channel);

    return queued > 0 && queued + length > guard->limits.max_live;
}

/* Queues a packet to the peers in the given slots, and owns it from then on. */
void loci_send(loci_guard *guard, ENetPacket *packet, uint8_t channel, int live, const uint16_t *slots, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        ENetPeer *peer = &guard->host->peers[slots[i]];

        if (guard->peers[slots[i]].condemned)
            continue;
        if (live && packet->dataLength > LOCI_DATAGRAM && clogged(guard, peer, channel, packet->dataLength)) {
            guard->drops[LOCI_DROP_LIVE]++;
            continue;
        }
        if (enet_peer_send(peer, channel, packet) < 0)
            continue; /* it leaves, or has no such channel */
        account(guard, peer, packet);
    }
    if (packet->referenceCount == 0)
        enet_packet_destroy(packet);
}

/* Reports whether fragments on a channel are queued, or not yet acknowledged. */
int loci_fragments(const loci_guard *guard, size_t slot, uint8_t channel)
{
    const ENetPeer *peer = &guard->host->peers[slot];
    const ENetList *lists[] = {&peer->outgoingCommands, &peer->sentReliableCommands};
    size_t i;

    for (i = 0; i < 2; i++) {
        ENetListIterator at;

        for (at = enet_list_begin(lists[i]); at != enet_list_end(lists[i]); at = enet_list_next(at)) {
            const ENetProtocolCommandHeader *header = &((const ENetOutgoingCommand *)at)->command.header;

            if (header->channelID == channel
                && (header->command & ENET_PROTOCOL_COMMAND_MASK) == ENET_PROTOCOL_COMMAND_SEND_FRAGMENT)
                return 1;
        }
    }
    return 0;
}

void loci_flush(loci_guard *guard)
{
    enet_host_flush(guard->host);
}

/* Prepares the peer of a connection that was just dialed. */
void loci_dialed(loci_guard *guard, size_t slot)
{
    memset(&guard->peers[slot], 0, sizeof guard->peers[slot]);
    prepare(guard, &guard->host->peers[slot]);
}

/*
 * Ends a connection; later means after what is queued to it was delivered.
 * Returns whether a disconnect event is still to come.
 */
int loci_disconnect(loci_guard *guard, size_t slot, uint32_t code, int later)
{
    ENetPeer *peer = &guard->host->peers[slot];

    if (later)
        enet_peer_disconnect_later(peer, code);
    else
        enet_peer_disconnect(peer, code);
    return peer->state != ENET_PEER_STATE_DISCONNECTED;
}

/* Says goodbye once, without waiting for an answer, and frees the slot. */
void loci_disconnect_now(loci_guard *guard, size_t slot, uint32_t code)
{
    enet_peer_disconnect_now(&guard->host->peers[slot], code);
}

/* From now on nobody may connect, and who has not finished may not either. */
void loci_refuse_connects(loci_guard *guard)
{
    ENetPeer *peer;

    guard->limits.accept = 0;
    for (peer = guard->host->peers; peer < &guard->host->peers[guard->host->peerCount]; peer++)
        if (peer->state == ENET_PEER_STATE_ACKNOWLEDGING_CONNECT)
            enet_peer_reset(peer);
}
