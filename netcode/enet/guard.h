/*
 * The guard between a socket and ENet: it looks at every datagram before ENet
 * does, drops what would hurt the host, and keeps per connection what ENet does
 * not. It also batches the calls that Go makes, as crossing into C costs more
 * than most of them.
 *
 * One guard belongs to one ENetHost and hangs off host->compressor.context: the
 * protocol uses no compression, and without its callbacks ENet never looks at
 * that pointer. So several hosts can live in a process, each on a thread of its
 * own, without a table between them. Every function here is called by the
 * goroutine that holds the host, unless it says otherwise.
 */
#ifndef LOCI_ENET_GUARD_H
#define LOCI_ENET_GUARD_H

#include <enet/enet.h>
#include <stdint.h>

enum {
    LOCI_STEP = 16,            /* peers by which a host's range grows and shrinks */
    LOCI_WINDOW_MS = 100,      /* the command budget is counted per window */
    LOCI_DATAGRAM = 1372,      /* the largest packet that is not sent in fragments */
    LOCI_COMMAND_COST = 32,    /* list steps that handling one command is worth */
    LOCI_MAX_COMMANDS = 64,    /* in one datagram; ENet itself sends at most 32 */
    LOCI_RECOUNT = 256,        /* commands after which a queue is counted again */
    LOCI_BUCKETS = 4096,       /* token buckets for connects, by hashed source */
    LOCI_GREYS = 1 << 20,       /* refused connects remembered under pressure */
    LOCI_GREY_MIN_MS = 100,    /* a retransmission comes no earlier than this */
    LOCI_GREY_MAX_MS = 10000,  /* and no later */
    LOCI_NETWORKS = 32,        /* the most a list of networks holds */
    LOCI_NEVER_MS = 1 << 20,   /* longer than any connection may be in the making */
    LOCI_CONTROL = 0xFF,       /* the channel of commands that are about the connection */
    LOCI_CONTROL_AHEAD = 4,    /* of them may be lost: a ping, a bandwidth, a throttle, and one to spare */
    LOCI_CONTROL_BEHIND = 64,  /* may come again: at most one a second is sent, and given up after 20 s */
    LOCI_GOODBYES = 4,         /* wrong ones after which none is believed */
    LOCI_GOODBYES_MS = 10000   /* until none has come for this long */
};

/* Why something was dropped; the order is that of the Go side's table. */
enum {
    LOCI_DROP_SOURCE,
    LOCI_DROP_MALFORMED,
    LOCI_DROP_STRAY,
    LOCI_DROP_FRAGMENT,
    LOCI_DROP_CONTROL,
    LOCI_DROP_COMMAND_RATE,
    LOCI_DROP_CONNECT_RATE,
    LOCI_DROP_PRESSURE,
    LOCI_DROP_ADDRESS_HALF_OPEN,
    LOCI_DROP_ADDRESS_OPEN,
    LOCI_DROP_FULL,
    LOCI_DROP_HALF_OPEN_EXPIRED,
    LOCI_DROP_QUEUED,
    LOCI_DROP_OUTGOING,
    LOCI_DROP_WAITING,
    LOCI_DROP_LIVE,
    LOCI_DROPS
};

enum {
    LOCI_EVENT_CONNECT = ENET_EVENT_TYPE_CONNECT,
    LOCI_EVENT_DISCONNECT = ENET_EVENT_TYPE_DISCONNECT,
    LOCI_EVENT_RECEIVE = ENET_EVENT_TYPE_RECEIVE,
    LOCI_EVENT_OVERLOAD, /* the peer went over a limit: disconnect it */
    LOCI_EVENT_DELIVERED /* a packet that was marked; of Go's making */
};

/* A network of IPv4 addresses, in network order. */
typedef struct {
    uint32_t address, mask;
} loci_network;

typedef struct {
    size_t max_packet;
    size_t max_waiting;
    size_t max_waiting_total;
    size_t max_queued;
    size_t max_outgoing;
    size_t max_outgoing_total;
    size_t max_live;
    size_t half_open;
    size_t half_open_per_address;
    size_t open_per_address;
    loci_network shared[LOCI_NETWORKS]; /* where open_per_address does not hold */
    size_t shared_n;
    uint32_t address_full_code; /* what refused connects are told */
    uint32_t full_code;
    double connect_rate;  /* per millisecond */
    double connect_burst;
    uint32_t command_budget; /* per window, in list steps */
    uint32_t half_open_ms;
    uint32_t timeout_min;
    uint32_t timeout_max;
    uint32_t seed; /* of the source hash, so that nobody can aim at a bucket */
    int accept;    /* whether strangers may connect */
    int loopback_is_an_address; /* like any other */
} loci_limits;

/* What is kept about the occupant of a slot, beside its ENetPeer. */
typedef struct {
    uint64_t sent_bytes, sent_packets, recv_bytes, recv_packets;
    size_t outgoing;      /* bytes queued to it, at most: what was acknowledged since the last count is in it */
    uint32_t since_ms;    /* when it asked to connect */
    uint32_t window_ms;   /* start of the running command window */
    uint32_t work;        /* spent in it, in list steps */
    uint32_t queued;      /* commands waiting for earlier ones, when last counted */
    uint32_t unqueued;    /* data commands that came since */
    uint32_t in_flight;   /* reliable commands not acknowledged, when last counted */
    uint32_t seen_sent, seen_lost; /* ENet's counters when last sampled */
    double recent_sent, recent_lost;
    uint32_t unanswered;  /* bytes from an address that is not proven, answered with as many at most */
    uint32_t wrong_ms;    /* when the last goodbye came that was not believed */
    uint16_t control;     /* newest sequence number of its commands about the connection */
    uint8_t wrong;        /* goodbyes that were not believed */
    uint8_t goodbye;      /* it said itself that it leaves */
    uint8_t overload;     /* 1 + the limit it went over, while Go has not heard of it */
    uint8_t condemned;    /* went over a limit: nothing of it is taken any more */
} loci_peer;

typedef struct {
    double tokens;
    uint32_t at_ms;
    uint8_t used;
} loci_bucket;

typedef struct {
    uint32_t tag, at_ms;
} loci_grey;

typedef struct {
    int type;
    uint16_t slot;
    uint8_t channel;
    uint8_t goodbye;  /* on disconnect: the peer left, code is its own */
    uint32_t code;    /* on overload: the reason */
    uint32_t from_host; /* on connect: IPv4 address in network order */
    uint16_t from_port;
    uint8_t *data;
    size_t length;
    ENetPacket *packet;
} loci_event;

typedef struct {
    uint32_t rtt_ms, rtt_variance_ms;
    double loss;
    uint64_t sent_bytes, sent_packets, recv_bytes, recv_packets;
    size_t queued;
} loci_stat;

typedef struct {
    ENetHost *host;
    loci_limits limits;
    size_t capacity;    /* peers the host has; it looks only at the first host->peerCount */
    loci_peer *peers;   /* one for each of them */
    size_t half_open;   /* peers that have not answered yet, at most */
    int overloads;      /* whether some peer has overload set */
    unsigned turn;      /* which share of the peers the next sweep counts */
    uint64_t drops[LOCI_DROPS];
    uint32_t crowded;   /* the address that open_per_address was last hit from, in network order */
    loci_bucket buckets[LOCI_BUCKETS];
    loci_grey greys[LOCI_GREYS];
} loci_guard;

/* enet_guard.c: screening */
loci_guard *loci_guard_attach(ENetHost *host, const loci_limits *limits);
void loci_guard_detach(loci_guard *guard);
void loci_overload(loci_guard *guard, size_t slot, int reason);
size_t loci_count_incoming(const ENetPeer *peer, size_t most);

/* enet_range.c: the slots in use */
int loci_grow(loci_guard *guard);
void loci_shrink(loci_guard *guard);
void loci_make_room(loci_guard *guard);

/* enet_admission.c: who may connect */
int loci_admit(loci_guard *guard, ENetProtocolConnect *connect);
void loci_answer_again(loci_guard *guard, ENetPeer *peer, size_t brought);

/* enet_control.c: commands about the connection, and whether they are the peer's */
int loci_control_is_its_own(loci_peer *p, const ENetPeer *peer, ENetProtocol *command, uint16_t *newest, uint32_t now);

/* enet_sweep.c: what has to be looked at from time to time */
void loci_sweep(loci_guard *guard);
uint32_t loci_due(const loci_guard *guard, uint32_t idle_ms);
loci_stat loci_stat_of(const loci_guard *guard, size_t slot);

/* enet_pump.c: traffic, in batches */
int loci_service(loci_guard *guard, loci_event *events, int n);
void loci_release(loci_event *events, int n);
ENetPacket *loci_packet(const void *data, size_t length, int reliable, int fragile);
void loci_packet_free(ENetPacket *packet);
uint8_t *loci_mark(ENetPacket *packet);
void loci_send(loci_guard *guard, ENetPacket *packet, uint8_t channel, int live, const uint16_t *slots, size_t n);
size_t loci_count_outgoing(const ENetPeer *peer);
size_t loci_count_queued(loci_guard *guard, size_t slot);
int loci_fragments(const loci_guard *guard, size_t slot, uint8_t channel);
void loci_flush(loci_guard *guard);
void loci_dialed(loci_guard *guard, size_t slot);
int loci_disconnect(loci_guard *guard, size_t slot, uint32_t code, int later);
void loci_disconnect_now(loci_guard *guard, size_t slot, uint32_t code);
void loci_refuse_connects(loci_guard *guard);

/* enet_socket.c: the socket below */
int loci_socket_buffers(int fd, int bytes);
int loci_socket_readable(int fd);

#endif
