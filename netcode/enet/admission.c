/* Admission: which strangers get a peer of ENet's. */
#include "guard.h"

#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

/* Who already holds slots, seen from one who asks for another. */
typedef struct {
    size_t half_open;        /* of the whole host */
    size_t source_half_open; /* of the same source */
    size_t source_open;
    ENetPeer *known;         /* the peer of this very connection, if it exists already */
    ENetPeer *vacant;        /* the slot ENet will take */
} census;

static uint32_t mix(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return h ^ h >> 16;
}

/*
 * A source is an address. On loopback it is an address and a port: many agents
 * run beside their place, and there one program must not shut out the others.
 */
static int has_neighbours(const loci_guard *guard, const ENetAddress *a)
{
    return ENET_NET_TO_HOST_32(a->host) >> 24 == 127 && !guard->limits.loopback_is_an_address;
}

static int same_source(const loci_guard *guard, const ENetAddress *a, const ENetAddress *b)
{
    return a->host == b->host && (a->port == b->port || !has_neighbours(guard, a));
}

static uint32_t hash_source(const loci_guard *guard, const ENetAddress *a)
{
    uint32_t h = mix(guard->limits.seed ^ a->host);

    return has_neighbours(guard, a) ? mix(h ^ a->port) : h;
}

/*
 * Under pressure a connect is taken only when it comes again, as that of every
 * ENet client does after half a second. A flood of sources that are made up, or
 * that do not wait for an answer, never comes again.
 */
static int came_again(loci_guard *guard, const ENetAddress *from, uint32_t connect_id, uint32_t now)
{
    uint32_t tag = mix(mix(mix(guard->limits.seed ^ from->host) ^ from->port) ^ connect_id);
    loci_grey *g = &guard->greys[tag % LOCI_GREYS];
    uint32_t age = now - g->at_ms;

    tag |= 1; /* 0 is an empty place */
    if (g->tag == tag && age <= LOCI_GREY_MAX_MS)
        return age >= LOCI_GREY_MIN_MS;
    g->tag = tag;
    g->at_ms = now;
    return 0;
}

/*
 * Takes a token from the bucket of a source. Sources that hash alike share one:
 * the table needs no keys and cannot be filled up.
 */
static int take_token(loci_guard *guard, const ENetAddress *from, uint32_t now)
{
    loci_bucket *b = &guard->buckets[hash_source(guard, from) % LOCI_BUCKETS];

    if (!b->used)
        b->tokens = guard->limits.connect_burst;
    else
        b->tokens += (now - b->at_ms) * guard->limits.connect_rate;
    if (b->tokens > guard->limits.connect_burst)
        b->tokens = guard->limits.connect_burst;
    b->used = 1;
    b->at_ms = now;
    if (b->tokens < 1)
        return 0;
    b->tokens -= 1;
    return 1;
}

/*
 * Has ENet answer a connect once and not again by itself: it may be somebody else whose
 * address is on it. Its answer has a number that only who gets it can acknowledge.
 */
static void answer_once(ENetPeer *peer)
{
    uint16_t number;

    if (getentropy(&number, sizeof number) == 0) /* always, of so few bytes */
        peer->outgoingReliableSequenceNumber = number;
    peer->roundTripTime = LOCI_NEVER_MS; /* from which it has how long to wait before it sends again */
}

/*
 * Answers a connect again that is not known to have been answered, if the sender has
 * brought as many bytes since as that takes.
 */
void loci_answer_again(loci_guard *guard, ENetPeer *peer, size_t brought)
{
    const size_t answer = sizeof(ENetProtocolHeader) + sizeof(ENetProtocolVerifyConnect);
    loci_peer *p = &guard->peers[peer->incomingPeerID];

    if (peer->state != ENET_PEER_STATE_ACKNOWLEDGING_CONNECT || enet_list_empty(&peer->sentReliableCommands))
        return; /* or it is about to be sent */
    p->unanswered += (uint32_t)brought;
    if (p->unanswered < answer)
        return;
    p->unanswered = 0;
    enet_list_insert(enet_list_begin(&peer->outgoingCommands),
                     enet_list_remove(enet_list_begin(&peer->sentReliableCommands)));
}

static census count_peers(const loci_guard *guard, const ENetProtocolConnect *connect)
{
    const ENetHost *host = guard->host;
    census c = {0};
    ENetPeer *peer;

    for (peer = host->peers; peer < &host->peers[host->peerCount]; peer++) {
        int half_open = peer->state == ENET_PEER_STATE_ACKNOWLEDGING_CONNECT;

        if (peer->state == ENET_PEER_STATE_DISCONNECTED) {
            if (c.vacant == NULL)
                c.vacant = peer;
            continue;
        }
        c.half_open += (size_t)half_open;
        if (peer->state == ENET_PEER_STATE_CONNECTING || !same_source(guard, &peer->address, &host->receivedAddress))
            continue;
        if (peer->address.port == host->receivedAddress.port && peer->connectID == connect->connectID)
            c.known = peer;
        if (half_open)
            c.source_half_open++;
        else
            c.source_open++;
    }
    return c;
}

/* Whether many agents are to be expected behind an address. */
static int is_shared(const loci_limits *limits, const ENetAddress *from)
{
    size_t i;

    for (i = 0; i < limits->shared_n; i++)
        if ((from->host & limits->shared[i].mask) == limits->shared[i].address)
            return 1;
    return 0;
}

/*
 * Tells who asked for a connection that there is none: else it hears nothing until
 * its timeout. Nothing is kept of it, and the answer is shorter than the question, so
 * that it is of no use to who asks in another's name. ENet takes a disconnect for the
 * answer to a connect, and hands on its code.
 */
static void refuse(const loci_guard *guard, const ENetProtocolConnect *connect, uint32_t code)
{
    uint8_t datagram[sizeof(uint16_t) + sizeof(ENetProtocolDisconnect)];
    ENetProtocolDisconnect disconnect = {
        .header.command = ENET_PROTOCOL_COMMAND_DISCONNECT | ENET_PROTOCOL_COMMAND_FLAG_UNSEQUENCED,
        .header.channelID = 0xFF,
        .data = ENET_HOST_TO_NET_32(code),
    };
    ENetBuffer buffer = {.data = datagram, .dataLength = sizeof datagram};

    memcpy(datagram, &connect->outgoingPeerID, sizeof(uint16_t));
    memcpy(datagram + sizeof(uint16_t), &disconnect, sizeof disconnect);
    (void)enet_socket_send(guard->host->socket, &guard->host->receivedAddress, &buffer, 1);
}

/*
 * Whether ENet may see a well-formed connect: -1 for yes, or the reason why not.
 * The cheap questions come first; only what passes them costs a look at every
 * peer.
 */
int loci_admit(loci_guard *guard, ENetProtocolConnect *connect)
{
    ENetHost *host = guard->host;
    const ENetAddress *from = &host->receivedAddress;
    uint32_t now = host->serviceTime;
    census c;
    loci_peer *p;

    if (guard->half_open >= guard->limits.half_open / 2 && !came_again(guard, from, connect->connectID, now))
        return LOCI_DROP_PRESSURE;
    if (!take_token(guard, from, now))
        return LOCI_DROP_CONNECT_RATE;
    c = count_peers(guard, connect);
    guard->half_open = c.half_open;
    if (c.known != NULL) {
        loci_answer_again(guard, c.known, host->receivedDataLength);
        return -1; /* ENet knows that it answered this one */
    }
    if (c.vacant == NULL) {
        c.vacant = &host->peers[host->peerCount];
        if (!loci_grow(guard)) {
            if (c.half_open == 0) /* else there may be room when it comes again */
                refuse(guard, connect, guard->limits.full_code);
            return LOCI_DROP_FULL;
        }
    }
    if (c.half_open >= guard->limits.half_open)
        return LOCI_DROP_PRESSURE;
    if (c.source_half_open >= guard->limits.half_open_per_address)
        return LOCI_DROP_ADDRESS_HALF_OPEN;
    if (c.source_half_open + c.source_open >= guard->limits.open_per_address && !is_shared(&guard->limits, from)) {
        guard->crowded = from->host;
        if (c.source_open >= guard->limits.open_per_address)
            refuse(guard, connect, guard->limits.address_full_code);
        return LOCI_DROP_ADDRESS_OPEN;
    }
    /* ENet would take any size up to 4096 and then send datagrams of that. */
    if (ENET_NET_TO_HOST_32(connect->mtu) > host->mtu)
        connect->mtu = ENET_HOST_TO_NET_32(host->mtu);
    guard->half_open++;
    p = &guard->peers[c.vacant->incomingPeerID];
    memset(p, 0, sizeof *p);
    p->since_ms = now;
    p->control = ENET_NET_TO_HOST_16(connect->header.reliableSequenceNumber);
    answer_once(c.vacant);
    return -1;
}
