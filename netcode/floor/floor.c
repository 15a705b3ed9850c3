#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "floor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { CHANNELS = 6 };

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Of this thread alone where that can be had: the Go runtime has others. */
static double cpu_s(void)
{
    struct rusage u;

#ifdef RUSAGE_THREAD
    getrusage(RUSAGE_THREAD, &u);
#else
    getrusage(RUSAGE_SELF, &u);
#endif
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void set_buffer(int fd, int force, int plain, int bytes)
{
    if (force == 0 || setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
}

ENetHost *floor_open(uint16_t port, size_t peers, int socket_buffer)
{
    ENetAddress address = {.host = ENET_HOST_TO_NET_32(0x7F000001u), .port = port};
    ENetHost *host = enet_host_create(&address, peers, CHANNELS, 0, 0);

    if (host == NULL)
        return NULL;
#ifdef SO_RCVBUFFORCE
    set_buffer(host->socket, SO_RCVBUFFORCE, SO_RCVBUF, socket_buffer);
    set_buffer(host->socket, SO_SNDBUFFORCE, SO_SNDBUF, socket_buffer);
#else
    set_buffer(host->socket, 0, SO_RCVBUF, socket_buffer);
    set_buffer(host->socket, 0, SO_SNDBUF, socket_buffer);
#endif
    return host;
}

/* Serves the host until a time, or until it has that many peers. */
static void serve_until(ENetHost *host, double until, size_t peers)
{
    double left;

    while ((left = until - now_ms()) > 0 && host->connectedPeers < peers) {
        ENetEvent event;

        if (enet_host_service(host, &event, (enet_uint32)left) <= 0)
            continue;
        if (event.type == ENET_EVENT_TYPE_RECEIVE)
            enet_packet_destroy(event.packet);
        else if (event.type == ENET_EVENT_TYPE_CONNECT)
            event.peer->packetThrottleDeceleration = 0;
    }
}

static void broadcast(ENetHost *host, const floor_config *config, uint64_t beat)
{
    uint32_t size = config->sizes[beat % config->size_count];
    ENetPacket *packet = enet_packet_create(NULL, size, config->flags);

    memset(packet->data, (int)beat, size);
    enet_host_broadcast(host, config->channel, packet);
}

static void close_host(ENetHost *host)
{
    size_t slot;

    for (slot = 0; slot < host->peerCount; slot++)
        enet_peer_disconnect_now(&host->peers[slot], 0);
    enet_host_destroy(host);
}

/* Waits for the peers, and destroys the host if they do not all come. */
static int all_came(ENetHost *host, double patience_ms, size_t peers, size_t *came)
{
    serve_until(host, now_ms() + patience_ms, peers);
    *came = host->connectedPeers;
    if (*came < peers) {
        enet_host_destroy(host);
        return 0;
    }
    return 1;
}

/* Destroys the host. Returns 0, or -1 if the peers did not all come. */
int floor_run(ENetHost *host, const floor_config *config, floor_result *result)
{
    size_t nobody_more = (size_t)-1;
    double start, cpu;

    if (!all_came(host, config->patience_ms, config->peers, &result->peers_left))
        return -1;
    host->totalSentData = host->totalSentPackets = host->totalReceivedPackets = 0;
    start = now_ms();
    cpu = cpu_s();
    for (; now_ms() - start < config->duration_ms; result->beats++) {
        uint32_t sent = host->totalSentData;

        broadcast(host, config, result->beats);
        serve_until(host, start + (result->beats + 1) * config->beat_ms, nobody_more);
        result->sent_bytes += host->totalSentData - sent; /* 32 bits wrap */
    }
    result->cpu_s = cpu_s() - cpu;
    result->wall_s = (now_ms() - start) / 1e3;
    result->sent_datagrams = host->totalSentPackets;
    result->received_datagrams = host->totalReceivedPackets;
    result->peers_left = host->connectedPeers;
    close_host(host);
    return 0;
}

/* Sends what came from one peer to all others, unreliably, copied once. */
static void relay(ENetHost *host, const ENetEvent *event, floor_relay_result *result)
{
    ENetPacket *packet = enet_packet_create(event->packet->data, event->packet->dataLength, 0);
    ENetPeer *peer;

    for (peer = host->peers; peer < &host->peers[host->peerCount]; peer++)
        if (peer != event->peer && enet_peer_send(peer, event->channelID, packet) == 0)
            result->relayed++;
    if (packet->referenceCount == 0)
        enet_packet_destroy(packet);
    enet_packet_destroy(event->packet);
    result->received++;
}

/* Relays what has come and flushes once. */
static void relay_batch(ENetHost *host, enet_uint32 wait_ms, floor_relay_result *result)
{
    ENetEvent event;
    int more = enet_host_service(host, &event, wait_ms);

    for (; more > 0; more = enet_host_check_events(host, &event))
        if (event.type == ENET_EVENT_TYPE_RECEIVE)
            relay(host, &event, result);
    enet_host_flush(host);
}

/* Destroys the host. Returns 0, or -1 if the peers did not all come. */
int floor_relay(ENetHost *host, const floor_relay_config *config, floor_relay_result *result)
{
    struct timespec pause = {0, (long)(config->batch_ms * 1e6)};
    double start, cpu;

    if (!all_came(host, config->patience_ms, config->peers, &result->peers_left))
        return -1;
    start = now_ms();
    cpu = cpu_s();
    while (now_ms() - start < config->duration_ms) {
        relay_batch(host, 10, result);
        if (config->batch_ms > 0)
            nanosleep(&pause, NULL);
    }
    result->cpu_s = cpu_s() - cpu;
    result->wall_s = (now_ms() - start) / 1e3;
    result->peers_left = host->connectedPeers;
    close_host(host);
    return 0;
}

static void acknowledged(ENetPacket *packet)
{
    --*(size_t *)packet->userData;
}

/* Keeps some packets on their way to a peer, and reports whether there are any left. */
static int pour(ENetPeer *peer, const floor_pour_config *config, size_t *sent, size_t *open)
{
    for (; *sent < config->packets && *open < config->ahead; ++*sent) {
        ENetPacket *packet = enet_packet_create(NULL, config->size, ENET_PACKET_FLAG_RELIABLE);

        memset(packet->data, (int)*sent, config->size);
        packet->userData = open;
        packet->freeCallback = acknowledged;
        ++*open;
        if (enet_peer_send(peer, config->channel, packet) < 0) {
            enet_packet_destroy(packet);
            return 0;
        }
    }
    return *open > 0;
}

/* Destroys the host. Returns 0, or -1 if the peers did not all come. */
int floor_pour(ENetHost *host, const floor_pour_config *config)
{
    size_t came, slot, *sent, *under_way;
    int more = 1;

    if (!all_came(host, config->patience_ms, config->peers, &came))
        return -1;
    sent = calloc(host->peerCount, sizeof *sent);
    under_way = calloc(host->peerCount, sizeof *under_way);
    while (more) {
        more = 0;
        for (slot = 0; slot < host->peerCount; slot++)
            if (host->peers[slot].state == ENET_PEER_STATE_CONNECTED)
                more |= pour(&host->peers[slot], config, &sent[slot], &under_way[slot]);
        serve_until(host, now_ms() + 2, (size_t)-1);
    }
    serve_until(host, now_ms() + 100, (size_t)-1);
    close_host(host);
    free(sent);
    free(under_way);
    return 0;
}
