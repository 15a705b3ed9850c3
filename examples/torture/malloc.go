package torture

/*
#include <stdint.h>
#include <stdlib.h>

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <malloc.h>

static int64_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();

    return (int64_t)(m.uordblks + m.hblkhd);
}
#else
static int64_t in_use(void) { return -1; }
#endif
*/
import "C"

// cMemory is how many bytes C code holds, which is ENet's and the guard's around it; -1
// where the C library does not tell. What was freed does not count, though the process
// may still have it.
func cMemory() int64 { return int64(C.in_use()) }
