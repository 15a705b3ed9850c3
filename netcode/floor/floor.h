/* A bare ENet server that broadcasts or relays, as little code as there can be. */
#ifndef LOCI_FLOOR_H
#define LOCI_FLOOR_H

#include <enet/enet.h>
#include <stdint.h>

typedef struct {
    size_t peers;
    uint8_t channel;
    uint32_t flags;       /* ENET_PACKET_FLAG_… */
    const uint32_t *sizes; /* in bytes, one after the other, again and again */
    size_t size_count;
    double beat_ms;
    double duration_ms;
    double patience_ms; /* for the peers to come */
} floor_config;

typedef struct {
    double cpu_s, wall_s;
    uint64_t beats, sent_bytes, sent_datagrams, received_datagrams;
    size_t peers_left;
} floor_result;

typedef struct {
    size_t peers;
    double batch_ms; /* between two flushes */
    double duration_ms;
    double patience_ms;
} floor_relay_config;

typedef struct {
    double cpu_s, wall_s;
    uint64_t received, relayed; /* packets; relayed counts each peer one is sent to */
    size_t peers_left;
} floor_relay_result;

ENetHost *floor_open(uint16_t port, size_t peers, int socket_buffer);
int floor_run(ENetHost *host, const floor_config *config, floor_result *result);
int floor_relay(ENetHost *host, const floor_relay_config *config, floor_relay_result *result);

#endif
