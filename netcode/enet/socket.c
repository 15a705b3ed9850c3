/* The UDP socket below ENet. */
#include "guard.h"

#include <sys/socket.h>

static int set_buffer(int fd, int force, int plain, int bytes)
{
    int granted = 0;
    socklen_t length = sizeof granted;

    if (force == 0 || setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof bytes);
    if (getsockopt(fd, SOL_SOCKET, plain, &granted, &length) != 0)
        return 0;
#ifdef __linux__
    granted /= 2; /* Linux doubles it for its own bookkeeping, and reports that */
#endif
    return granted;
}

/*
 * Asks for receive and send buffers of that size, past the system's limit where
 * the process may. Returns how large a receive buffer it got.
 */
int loci_socket_buffers(int fd, int bytes)
{
#ifdef SO_RCVBUFFORCE
    (void)set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, bytes);
    return set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
#else
    (void)set_buffer(fd, 0, SO_SNDBUF, bytes);
    return set_buffer(fd, 0, SO_RCVBUF, bytes);
#endif
}

/* Whether a datagram waits, even an empty one. */
int loci_socket_readable(int fd)
{
    char first;

    return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}
