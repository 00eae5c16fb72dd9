/*
 * Writes down what a process does with its sockets and its write-ahead log. It is loaded before the C library (LD_PRELOAD) and
 * passes every call on. Each line of the file that DURABILITY_TRACE names is one fact:
 *
 *     <begin> <end> in <descriptor> <mark>     bytes with this mark came from a socket
 *     <begin> <end> log <descriptor> <mark>    bytes with this mark were written to the log
 *     <begin> <end> sync <descriptor> -        the log was made durable
 *     <begin> <end> out <descriptor> <status>  an HTTP answer began to leave through a socket
 *
 * Times are nanoseconds of the monotonic clock around the call. A mark is "durability-mark-" and eight digits.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MARK "durability-mark-"
#define DIGITS 8

static int trace = -1;

__attribute__((constructor)) static void open_trace(void) {
    const char *path = getenv("DURABILITY_TRACE");
    if (path) trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void note(long long begin, const char *what, int descriptor, const char *text, int length) {
    char line[160];
    int size = snprintf(line, sizeof line, "%lld %lld %s %d %.*s\n", begin, now(), what, descriptor, length, text);
    if (trace >= 0 && size > 0) syscall(SYS_write, trace, line, (size_t)size);
}

static int is_socket(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int is_log(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path);
    return length >= 4 && memcmp(path + length - 4, "-wal", 4) == 0;
}

static int are_digits(const char *text) {
    for (int place = 0; place < DIGITS; place++)
        if (text[place] < '0' || text[place] > '9') return 0;
    return 1;
}

static void note_marks(long long begin, const char *what, int descriptor, const char *bytes, size_t length) {
    const size_t whole = sizeof MARK - 1 + DIGITS;
    const char *end = bytes + length;
    while ((size_t)(end - bytes) >= whole) {
        bytes = memmem(bytes, end - bytes, MARK, sizeof MARK - 1);
        if (!bytes || (size_t)(end - bytes) < whole) return;
        const char *digits = bytes + sizeof MARK - 1;
        /* A page may end or be torn within a mark. */
        if (are_digits(digits)) note(begin, what, descriptor, digits, DIGITS);
        bytes += whole;
    }
}

static void came(long long begin, int descriptor, const void *bytes, ssize_t length) {
    if (trace >= 0 && length > 0 && is_socket(descriptor)) note_marks(begin, "in", descriptor, bytes, (size_t)length);
}

static void written(long long begin, int descriptor, const void *bytes, ssize_t length) {
    if (trace >= 0 && length > 0 && is_log(descriptor)) note_marks(begin, "log", descriptor, bytes, (size_t)length);
}

/* Noted before the bytes leave: nobody can have them earlier than this. */
static void leaving(int descriptor, const void *bytes, size_t length) {
    const char *text = bytes;
    if (trace >= 0 && length >= 12 && memcmp(text, "HTTP/1.1 ", 9) == 0 && is_socket(descriptor))
        note(now(), "out", descriptor, text + 9, 3);
}

#define NEXT(result, name, ...) \
    static result (*next)(__VA_ARGS__); \
    if (!next) next = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t read(int descriptor, void *bytes, size_t length) {
    NEXT(ssize_t, "read", int, void *, size_t);
    long long begin = now();
    ssize_t result = next(descriptor, bytes, length);
    came(begin, descriptor, bytes, result);
    return result;
}

ssize_t recv(int descriptor, void *bytes, size_t length, int flags) {
    NEXT(ssize_t, "recv", int, void *, size_t, int);
    long long begin = now();
    ssize_t result = next(descriptor, bytes, length, flags);
    came(begin, descriptor, bytes, result);
    return result;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
    NEXT(ssize_t, "write", int, const void *, size_t);
    long long begin = now();
    leaving(descriptor, bytes, length);
    ssize_t result = next(descriptor, bytes, length);
    written(begin, descriptor, bytes, result);
    return result;
}

ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    NEXT(ssize_t, "send", int, const void *, size_t, int);
    leaving(descriptor, bytes, length);
    return next(descriptor, bytes, length, flags);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    NEXT(ssize_t, "writev", int, const struct iovec *, int);
    if (count > 0) leaving(descriptor, parts[0].iov_base, parts[0].iov_len);
    return next(descriptor, parts, count);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    NEXT(ssize_t, "sendmsg", int, const struct msghdr *, int);
    if (message->msg_iovlen > 0) leaving(descriptor, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return next(descriptor, message, flags);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    long long begin = now();
    ssize_t result = next(descriptor, bytes, length, offset);
    written(begin, descriptor, bytes, result);
    return result;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
    NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    long long begin = now();
    ssize_t result = next(descriptor, bytes, length, offset);
    written(begin, descriptor, bytes, result);
    return result;
}

int fsync(int descriptor) {
    NEXT(int, "fsync", int);
    long long begin = now();
    int result = next(descriptor);
    if (result == 0 && is_log(descriptor)) note(begin, "sync", descriptor, "-", 1);
    return result;
}

int fdatasync(int descriptor) {
    NEXT(int, "fdatasync", int);
    long long begin = now();
    int result = next(descriptor);
    if (result == 0 && is_log(descriptor)) note(begin, "sync", descriptor, "-", 1);
    return result;
}
