/* A bare ENet server that broadcasts, relays or pours, as little code as there can be. */
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

typedef struct {
    size_t peers;
    uint8_t channel;
    uint32_t size;  /* of a packet, in bytes */
    size_t packets; /* to each peer */
    size_t ahead;   /* how many of them may be on their way to each */
    double patience_ms;
} floor_pour_config;

ENetHost *floor_open(uint16_t port, size_t peers, int socket_buffer);
int floor_run(ENetHost *host, const floor_config *config, floor_result *result);
int floor_pour(ENetHost *host, const floor_pour_config *config);
int floor_relay(ENetHost *host, const floor_relay_config *config, floor_relay_result *result);

#endif
