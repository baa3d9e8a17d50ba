/* Faults between a process and its kernel, loaded by LD_PRELOAD: failing writes and syncs, slow syncs, and
 * a clock of its own.
 *
 * What is armed stands in a file that is mapped by the process and by the drills (shim.py has the same
 * layout), so that arming is one store and takes effect at the next call. Only files under DRILL_DATA are
 * touched: not sockets, not the process's own words. Only calls through libc are seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct armed {
    volatile int64_t write_errno;     /* 0: writes are left alone */
    volatile int64_t sync_errno;      /* 0: syncs do not fail */
    volatile int64_t sync_delay_us;   /* before each sync */
    volatile int64_t clock_offset_ns; /* added to the time of day alone */
    volatile int64_t sync_lies;       /* not 0: syncs succeed and do nothing */
    volatile int64_t met;             /* calls that met a fault, for the report */
};

static struct armed *armed;
static const char *data;
static size_t data_length;

__attribute__((constructor)) static void load(void) {
    const char *path = getenv("DRILL_SHIM");
    data = getenv("DRILL_DATA");
    if (!path || !data) return;
    data_length = strlen(data);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *map = mmap(NULL, sizeof *armed, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED) armed = map;
}

static int is_ours(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    return 0 < n && data_length < (size_t)n && memcmp(path, data, data_length) == 0;
}

/* Whether the call fails, with errno set. */
static int fails(int fd, int64_t with) {
    if (!with || !is_ours(fd)) return 0;
    __atomic_add_fetch(&armed->met, 1, __ATOMIC_RELAXED);
    errno = (int)with;
    return 1;
}

static int sync_fails(int fd) {
    if (!armed) return 0;
    int64_t delay = armed->sync_delay_us;
    if (delay && is_ours(fd)) {
        __atomic_add_fetch(&armed->met, 1, __ATOMIC_RELAXED);
        struct timespec wait = {delay / 1000000, delay % 1000000 * 1000};
        nanosleep(&wait, NULL);
    }
    return fails(fd, armed->sync_errno);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITE(name, params, args)                                       \
    ssize_t name params {                                               \
        static __typeof__(&name) real;                                  \
        if (!real) real = REAL(name);                                   \
        if (armed && fails(fd, armed->write_errno)) return -1;          \
        return real args;                                               \
    }

WRITE(write, (int fd, const void *from, size_t n), (fd, from, n))
WRITE(pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
WRITE(pwrite64, (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))
WRITE(writev, (int fd, const struct iovec *from, int n), (fd, from, n))
WRITE(pwritev, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at))
WRITE(pwritev64, (int fd, const struct iovec *from, int n, off64_t at), (fd, from, n, at))

#define SYNC(name)                                                      \
    int name(int fd) {                                                  \
        static __typeof__(&name) real;                                  \
        if (!real) real = REAL(name);                                   \
        if (sync_fails(fd)) return -1;                                  \
        if (armed && armed->sync_lies && is_ours(fd)) return 0;         \
        return real(fd);                                                \
    }

SYNC(fsync)
SYNC(fdatasync)

static void shift(struct timespec *to) {
    int64_t offset = armed->clock_offset_ns;
    int64_t ns = to->tv_nsec + offset % 1000000000;
    to->tv_sec += offset / 1000000000 + (1000000000 <= ns) - (ns < 0);
    to->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec *to) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int failed = real(clock, to);
    if (!failed && armed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(to);
    return failed;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
    to->tv_sec = now.tv_sec;
    to->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to) *to = now.tv_sec;
    return now.tv_sec;
}
