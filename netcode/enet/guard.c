/* Screening: what ENet gets to see of what arrives. */
#include "guard.h"

#include <stdlib.h>
#include <string.h>

static const size_t command_sizes[ENET_PROTOCOL_COMMAND_COUNT] = {
    0,
    sizeof(ENetProtocolAcknowledge),
    sizeof(ENetProtocolConnect),
    sizeof(ENetProtocolVerifyConnect),
    sizeof(ENetProtocolDisconnect),
    sizeof(ENetProtocolPing),
    sizeof(ENetProtocolSendReliable),
    sizeof(ENetProtocolSendUnreliable),
    sizeof(ENetProtocolSendFragment),
    sizeof(ENetProtocolSendUnsequenced),
    sizeof(ENetProtocolBandwidthLimit),
    sizeof(ENetProtocolThrottleConfigure),
    sizeof(ENetProtocolSendFragment),
};

/* What one datagram holds, by what it costs to handle. */
typedef struct {
    uint32_t commands, data, acks;
    int goodbye;
    int proof;        /* of its address, for a peer that is half-open */
    uint16_t control; /* newest sequence number of commands about the connection */
    int reason;       /* to drop it, if commands is 0 */
} contents;

static int drop(loci_guard *guard, int reason)
{
    guard->drops[reason]++;
    return 1; /* tells ENet that the datagram is dealt with */
}

/*
 * Answers to port 0 or to a network's broadcast address fail in sendmsg, and
 * ENet gives up on all the peers behind the one whose send failed.
 */
static int source_is_impossible(const ENetAddress *from)
{
    uint32_t first = ENET_NET_TO_HOST_32(from->host) >> 24;

    return from->port == 0 || first == 0 || first >= 224;
}

/*
 * An ENet sender cuts a packet into equal fragments, only the last of which may
 * be shorter. Holding others to that keeps what a fragment makes ENet allot in
 * proportion to what was sent: count bounds the bitmap, length the pages touched.
 */
static int fragment_makes_sense(const loci_guard *guard, const ENetProtocolSendFragment *f)
{
    uint64_t length = ENET_NET_TO_HOST_16(f->dataLength);
    uint64_t count = ENET_NET_TO_HOST_32(f->fragmentCount);
    uint64_t number = ENET_NET_TO_HOST_32(f->fragmentNumber);
    uint64_t total = ENET_NET_TO_HOST_32(f->totalLength);
    uint64_t offset = ENET_NET_TO_HOST_32(f->fragmentOffset);

    if (length == 0 || total > guard->limits.max_packet || number >= count ||
        count > 2 + total / 512 || offset >= total || length > total - offset)
        return 0;
    if (number + 1 == count)
        return offset + length == total;
    return offset == number * length && length * count >= total && length * (count - 1) < total;
}

/* Bytes of payload behind a command; -1 for a fragment that makes no sense. */
static long payload(const loci_guard *guard, uint8_t number, const ENetProtocol *command)
{
    switch (number) {
    case ENET_PROTOCOL_COMMAND_SEND_RELIABLE:
        return ENET_NET_TO_HOST_16(command->sendReliable.dataLength);
    case ENET_PROTOCOL_COMMAND_SEND_UNRELIABLE:
        return ENET_NET_TO_HOST_16(command->sendUnreliable.dataLength);
    case ENET_PROTOCOL_COMMAND_SEND_UNSEQUENCED:
        return ENET_NET_TO_HOST_16(command->sendUnsequenced.dataLength);
    case ENET_PROTOCOL_COMMAND_SEND_FRAGMENT:
    case ENET_PROTOCOL_COMMAND_SEND_UNRELIABLE_FRAGMENT:
        if (!fragment_makes_sense(guard, &command->sendFragment))
            return -1;
        return ENET_NET_TO_HOST_16(command->sendFragment.dataLength);
    }
    return 0;
}

static int carries_data(uint8_t number)
{
    return (number >= ENET_PROTOCOL_COMMAND_SEND_RELIABLE && number <= ENET_PROTOCOL_COMMAND_SEND_UNSEQUENCED) ||
           number == ENET_PROTOCOL_COMMAND_SEND_UNRELIABLE_FRAGMENT;
}

/* Whether a command is about the connection, and so numbered as such. */
static int is_control(uint8_t number)
{
    return number == ENET_PROTOCOL_COMMAND_VERIFY_CONNECT || number == ENET_PROTOCOL_COMMAND_DISCONNECT ||
           number == ENET_PROTOCOL_COMMAND_PING || number == ENET_PROTOCOL_COMMAND_BANDWIDTH_LIMIT ||
           number == ENET_PROTOCOL_COMMAND_THROTTLE_CONFIGURE;
}

/* Whether a command acknowledges the answer to the peer's connect, whose number only it knows. */
static int proves_address(const ENetPeer *peer, const ENetProtocol *command)
{
    return (command->header.command & ENET_PROTOCOL_COMMAND_MASK) == ENET_PROTOCOL_COMMAND_ACKNOWLEDGE &&
           command->header.channelID == LOCI_CONTROL &&
           ENET_NET_TO_HOST_16(command->acknowledge.receivedReliableSequenceNumber) == peer->outgoingReliableSequenceNumber;
}

/*
 * Walks the commands from at to end, which they must fill exactly. Those about the
 * connection that are to have no effect are changed so that they have none.
 */
static contents read_commands(const loci_guard *guard, const ENetPeer *peer, uint8_t *at, const uint8_t *end, int timed)
{
    loci_peer *p = &guard->peers[peer->incomingPeerID];
    contents none = {.reason = LOCI_DROP_MALFORMED}, c = none;

    c.control = p->control;
    while (at < end) {
        ENetProtocol *command = (ENetProtocol *)at;
        size_t left = (size_t)(end - at);
        uint8_t number;
        long behind;

        if (left < sizeof(ENetProtocolCommandHeader) || ++c.commands > LOCI_MAX_COMMANDS)
            return none;
        number = command->header.command & ENET_PROTOCOL_COMMAND_MASK;
        if (number == ENET_PROTOCOL_COMMAND_NONE || number == ENET_PROTOCOL_COMMAND_CONNECT ||
            number >= ENET_PROTOCOL_COMMAND_COUNT || left < command_sizes[number])
            return none;
        /* Without a time ENet does not acknowledge, and a peer that says goodbye
         * that way would keep its slot for ever. */
        if ((command->header.command & ENET_PROTOCOL_COMMAND_FLAG_ACKNOWLEDGE) && !timed)
            return none;
        if (is_control(number)) {
            if (command->header.channelID != LOCI_CONTROL)
                return none;
            if (!loci_control_is_its_own(p, peer, command, &c.control, guard->host->serviceTime)) {
                none.reason = LOCI_DROP_CONTROL;
                return none;
            }
        }
        behind = payload(guard, number, command);
        if (behind < 0) {
            none.reason = LOCI_DROP_FRAGMENT;
            return none;
        }
        if (left < command_sizes[number] + (size_t)behind)
            return none;
        at += command_sizes[number] + (size_t)behind;
        c.data += carries_data(number);
        c.acks += number == ENET_PROTOCOL_COMMAND_ACKNOWLEDGE;
        c.proof |= proves_address(peer, command);
        c.goodbye |= number == ENET_PROTOCOL_COMMAND_DISCONNECT;
    }
    return c;
}

/* Commands that wait for earlier ones; counts on no further than past most. */
size_t loci_count_incoming(const ENetPeer *peer, size_t most)
{
    size_t n = 0, channel;

    for (channel = 0; channel < peer->channelCount; channel++) {
        ENetList *lists[2] = {
            &peer->channels[channel].incomingReliableCommands,
            &peer->channels[channel].incomingUnreliableCommands,
        };
        int i;

        for (i = 0; i < 2; i++) {
            ENetListIterator at;

            for (at = enet_list_begin(lists[i]); at != enet_list_end(lists[i]); at = enet_list_next(at))
                if (++n > most)
                    return n;
        }
    }
    return n;
}

/* Condemns a peer: Go hears of it at the end of the batch. */
void loci_overload(loci_guard *guard, size_t slot, int reason)
{
    loci_peer *p = &guard->peers[slot];

    if (p->condemned)
        return;
    p->condemned = 1;
    p->overload = (uint8_t)(1 + reason);
    guard->overloads = 1;
    guard->drops[reason]++;
}

static int over_command_rate(const loci_guard *guard, loci_peer *p, uint32_t now)
{
    if (now - p->window_ms >= LOCI_WINDOW_MS) {
        p->window_ms = now;
        p->work = 0;
    }
    return p->work >= guard->limits.command_budget;
}

/*
 * Charges a peer for what handling the datagram will cost. ENet keeps commands
 * in lists that it searches from one end, so a command costs the more the longer
 * its peer has made them; an acknowledgement usually finds its own near the front.
 */
static void charge(loci_peer *p, const contents *c)
{
    uint64_t work = (uint64_t)c->commands * LOCI_COMMAND_COST +
                    (uint64_t)c->data * p->queued +
                    (uint64_t)c->acks * (p->in_flight / 8);

    p->work = work > UINT32_MAX - p->work ? UINT32_MAX : p->work + (uint32_t)work;
}

/* Whether the peer's incoming queues have room for n more commands. */
static int has_room(loci_guard *guard, const ENetPeer *peer, loci_peer *p, uint32_t n)
{
    p->unqueued += n;
    if (p->unqueued > LOCI_RECOUNT || p->queued + p->unqueued > guard->limits.max_queued) {
        p->queued = (uint32_t)loci_count_incoming(peer, guard->limits.max_queued);
        p->unqueued = n;
    }
    return p->queued + n <= guard->limits.max_queued;
}

/* The peer that a datagram speaks for, by the rules ENet goes by. */
static ENetPeer *sender(ENetHost *host, uint16_t header)
{
    uint16_t id = header & ENET_PROTOCOL_MAXIMUM_PEER_ID;
    uint8_t session = (header & ENET_PROTOCOL_HEADER_SESSION_MASK) >> ENET_PROTOCOL_HEADER_SESSION_SHIFT;
    ENetPeer *peer;

    if (id >= host->peerCount)
        return NULL;
    peer = &host->peers[id];
    if (peer->state == ENET_PEER_STATE_DISCONNECTED || peer->state == ENET_PEER_STATE_ZOMBIE ||
        peer->address.host != host->receivedAddress.host || peer->address.port != host->receivedAddress.port ||
        (peer->outgoingPeerID < ENET_PROTOCOL_MAXIMUM_PEER_ID && session != peer->incomingSessionID))
        return NULL;
    return peer;
}

static int screen_peer(loci_guard *guard, uint16_t header, uint8_t *at, const uint8_t *end)
{
    ENetHost *host = guard->host;
    ENetPeer *peer = sender(host, header);
    loci_peer *p;
    contents c;

    if (peer == NULL)
        return drop(guard, LOCI_DROP_STRAY);
    p = &guard->peers[peer->incomingPeerID];
    if (over_command_rate(guard, p, host->serviceTime))
        return drop(guard, LOCI_DROP_COMMAND_RATE);
    c = read_commands(guard, peer, at, end, (header & ENET_PROTOCOL_HEADER_FLAG_SENT_TIME) != 0);
    if (c.commands == 0)
        return drop(guard, c.reason);
    if (peer->state == ENET_PEER_STATE_ACKNOWLEDGING_CONNECT && !c.proof) {
        loci_answer_again(guard, peer, host->receivedDataLength); /* it may have missed that */
        return drop(guard, LOCI_DROP_STRAY);
    }
    if (c.data > 0) {
        if (!p->condemned && !has_room(guard, peer, p, c.data))
            loci_overload(guard, peer->incomingPeerID, LOCI_DROP_QUEUED);
        if (p->condemned)
            return 1; /* but what acknowledges its disconnection may pass */
    }
    charge(p, &c);
    p->control = c.control;
    p->goodbye |= (uint8_t)c.goodbye;
    p->recv_bytes += host->receivedDataLength;
    return 0;
}

/* A stranger may say one thing: that it wants to connect. */
static int screen_stranger(loci_guard *guard, uint16_t header, uint8_t *at, const uint8_t *end)
{
    ENetProtocolConnect *connect = (ENetProtocolConnect *)at;
    uint32_t channels;
    int reason;

    if (end - at != sizeof *connect || !(header & ENET_PROTOCOL_HEADER_FLAG_SENT_TIME) ||
        connect->header.command != (ENET_PROTOCOL_COMMAND_CONNECT | ENET_PROTOCOL_COMMAND_FLAG_ACKNOWLEDGE))
        return drop(guard, LOCI_DROP_MALFORMED);
    channels = ENET_NET_TO_HOST_32(connect->channelCount);
    if (channels < ENET_PROTOCOL_MINIMUM_CHANNEL_COUNT || channels > ENET_PROTOCOL_MAXIMUM_CHANNEL_COUNT)
        return drop(guard, LOCI_DROP_MALFORMED);
    if (!guard->limits.accept)
        return drop(guard, LOCI_DROP_STRAY);
    reason = loci_admit(guard, connect);
    return reason < 0 ? 0 : drop(guard, reason);
}

static int ENET_CALLBACK intercept(ENetHost *host, ENetEvent *event)
{
    loci_guard *guard = host->compressor.context;
    uint8_t *at = host->receivedData, *end = at + host->receivedDataLength;
    uint16_t header;

    (void)event;
    if (source_is_impossible(&host->receivedAddress))
        return drop(guard, LOCI_DROP_SOURCE);
    if (end - at < 2)
        return drop(guard, LOCI_DROP_MALFORMED);
    header = (uint16_t)(at[0] << 8 | at[1]);
    at += header & ENET_PROTOCOL_HEADER_FLAG_SENT_TIME ? 4 : 2;
    if (at >= end || header & ENET_PROTOCOL_HEADER_FLAG_COMPRESSED)
        return drop(guard, LOCI_DROP_MALFORMED);
    if ((header & ENET_PROTOCOL_MAXIMUM_PEER_ID) == ENET_PROTOCOL_MAXIMUM_PEER_ID)
        return screen_stranger(guard, header, at, end);
    return screen_peer(guard, header, at, end);
}

/* NULL when there is no memory. */
loci_guard *loci_guard_attach(ENetHost *host, const loci_limits *limits)
{
    loci_guard *guard = calloc(1, sizeof *guard);

    if (guard == NULL)
        return NULL;
    guard->peers = calloc(host->peerCount, sizeof *guard->peers);
    if (guard->peers == NULL) {
        free(guard);
        return NULL;
    }
    guard->host = host;
    guard->capacity = host->peerCount;
    loci_shrink(guard);
    guard->limits = *limits;
    host->maximumPacketSize = limits->max_packet;
    host->maximumWaitingData = limits->max_waiting;
    host->compressor.context = guard;
    host->intercept = intercept;
    return guard;
}

/* Frees the guard; the host must not be serviced after. */
void loci_guard_detach(loci_guard *guard)
{
    guard->host->peerCount = guard->capacity; /* ENet resets every one of them */
    guard->host->intercept = NULL;
    guard->host->compressor.context = NULL;
    free(guard->peers);
    free(guard);
}
