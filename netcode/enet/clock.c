/*
 * What time it is to ENet. Its own enet_time_get, which all of it asks, reads the
 * machine's clock: somebody sets that by a minute, or the network does, and every
 * connection with a packet on its way counts as lost. This one only ever goes on.
 *
 * The program's symbol goes before that of a shared library wherever the library asks
 * for it by name, as ELF has it (not macOS). It is weak so as to give way to the one in
 * a static library, which is no reason not to build.
 * TestNobodyIsLostWhenTheMachinesClockIsStepped, of the command, steps the clock.
 */
#include "guard.h"

#include <time.h>

__attribute__((weak)) enet_uint32 enet_time_get(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (enet_uint32)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}
