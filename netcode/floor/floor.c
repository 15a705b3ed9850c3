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

/* Destroys the host. Returns 0, or -1 if the peers did not all come. */
int floor_run(ENetHost *host, const floor_config *config, floor_result *result)
{
    size_t nobody_more = (size_t)-1, slot;
    double start, cpu;

    serve_until(host, now_ms() + config->patience_ms, config->peers);
    result->peers_left = host->connectedPeers;
    if (host->connectedPeers < config->peers) {
        enet_host_destroy(host);
        return -1;
    }
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
    for (slot = 0; slot < host->peerCount; slot++)
        enet_peer_disconnect_now(&host->peers[slot], 0);
    enet_host_destroy(host);
    return 0;
}
