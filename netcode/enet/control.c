/*
 * Commands about a connection: goodbyes, pings, bandwidths, throttles. ENet believes
 * them of any datagram that claims to come from the peer, and everybody can write its
 * address on one: a slot, one of four sessions, and a peer is gone, or starved.
 *
 * They are numbered, one after the other, and those that want to be acknowledged are
 * sent again until they are. So the next one can be told from one that somebody made up
 * who does not see the peer's traffic: its number is at most as far ahead as commands
 * may have been lost, which a goodbye does not wait for.
 */
#include "guard.h"

/* Whether a goodbye with a number so far ahead of the newest is believed. */
static int believed(loci_peer *p, int ahead, uint32_t now)
{
    int right = (ahead > 0 && ahead <= LOCI_CONTROL_AHEAD) || (ahead == 0 && p->goodbye);

    if (p->wrong > 0 && now - p->wrong_ms >= LOCI_GOODBYES_MS)
        p->wrong = 0;
    /* Somebody tries out numbers: then silence has to show that the peer has left. */
    if (right && p->wrong < LOCI_GOODBYES)
        return 1;
    if (p->wrong < LOCI_GOODBYES)
        p->wrong++;
    p->wrong_ms = now;
    return 0;
}

/* What came before, or comes late, is acknowledged, but says nothing new. */
static void say_nothing(const ENetPeer *peer, ENetProtocol *command)
{
    switch (command->header.command & ENET_PROTOCOL_COMMAND_MASK) {
    case ENET_PROTOCOL_COMMAND_BANDWIDTH_LIMIT:
        command->bandwidthLimit.incomingBandwidth = ENET_HOST_TO_NET_32(peer->incomingBandwidth);
        command->bandwidthLimit.outgoingBandwidth = ENET_HOST_TO_NET_32(peer->outgoingBandwidth);
        break;
    case ENET_PROTOCOL_COMMAND_THROTTLE_CONFIGURE:
        command->throttleConfigure.packetThrottleInterval = ENET_HOST_TO_NET_32(peer->packetThrottleInterval);
        command->throttleConfigure.packetThrottleAcceleration = ENET_HOST_TO_NET_32(peer->packetThrottleAcceleration);
        command->throttleConfigure.packetThrottleDeceleration = ENET_HOST_TO_NET_32(peer->packetThrottleDeceleration);
        break;
    }
}

/*
 * Whether a command about the connection is the peer's own, as far as its number tells.
 * Newest is that of the newest before it, and becomes its own if it is newer.
 */
int loci_control_is_its_own(loci_peer *p, const ENetPeer *peer, ENetProtocol *command, uint16_t *newest, uint32_t now)
{
    uint16_t sequence = ENET_NET_TO_HOST_16(command->header.reliableSequenceNumber);
    int ahead = (int16_t)(uint16_t)(sequence - *newest);

    switch (command->header.command & ENET_PROTOCOL_COMMAND_MASK) {
    case ENET_PROTOCOL_COMMAND_VERIFY_CONNECT:
        if (peer->state != ENET_PEER_STATE_CONNECTING)
            break;
        *newest = sequence; /* any: the numbers begin here, and ENet compares the connect ID */
        return 1;
    case ENET_PROTOCOL_COMMAND_DISCONNECT:
        if (peer->state == ENET_PEER_STATE_CONNECTING)
            return 1; /* a refusal, from a host that keeps no numbers for it */
        if (!believed(p, ahead, now))
            return 0;
        *newest = sequence;
        return 1;
    }
    if (ahead > LOCI_CONTROL_AHEAD || ahead < -LOCI_CONTROL_BEHIND)
        return 0;
    if (ahead > 0)
        *newest = sequence;
    else
        say_nothing(peer, command);
    return 1;
}
