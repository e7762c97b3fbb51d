/* Stands between the server and the kernel (LD_PRELOAD, 64-bit Linux). It writes down what becomes of the files
 * beside the database and what is sent to clients, in one order over all threads, and makes calls fail and the clock
 * jump as a control file says. tests/it/faults/mod.rs knows the layouts of both.
 *
 * FAULTS_DB       the database; other files are left alone
 * FAULTS_CONTROL  the control file, mapped into memory: a change takes effect at once
 * FAULTS_RECORD   where to write things down; nothing is when it is absent */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The suffixes of the files beside the database; a file's number is its place here, counted from 1. Connections are
 * accepted at SOCKETS. */
static const char *const SUFFIXES[] = {"", "-wal", "-journal", "-shm", ".lock"};
enum { FILES = 5, FOLDER = 6, SOCKETS = 7, DESCRIPTORS = 65536 };

/* Bits in the control's mask of calls. */
enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, READ = 8, OPEN_TO_WRITE = 16, ACCEPT = 32 };

/* In place of an error: the call waits until this is taken back. */
#define HANG UINT32_MAX

struct control {
    uint32_t error;   /* the errno to fail with, or HANG; 0: nothing fails */
    uint32_t files;   /* bit n: file number n */
    uint32_t calls;   /* which calls fail */
    uint32_t skip;    /* so many of them are let through first */
    int64_t clock;    /* seconds that the wall clock is wrong by */
    uint32_t halves;  /* a page that cannot be written is written by half, as on a disk that fills up */
    uint32_t failed;  /* how many calls have failed; written here */
};

struct entry {
    uint8_t kind; /* o(pen) w(rite) t(runcate) b(egin of sync) s(ynced) u(nlink) r(ename) a(nswer) */
    uint8_t file;
    uint16_t port;   /* of the client, for an answer */
    uint32_t length; /* of the data that follows: what was written, or the beginning of what was sent */
    uint64_t offset; /* of a write; the length after a truncation; whether an open may create */
};

static struct control nothing;
static struct control *control = &nothing;
static int record = -1;
static char database[4096];
static char folder[4096];
static unsigned char file_of[DESCRIPTORS];
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("FAULTS_DB");
    if (path == NULL || strlen(path) >= sizeof database) return;
    strcpy(database, path);
    strcpy(folder, path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) *slash = 0;
    path = getenv("FAULTS_CONTROL");
    int fd = path == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd >= 0) {
        void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at != MAP_FAILED) control = at;
        syscall(SYS_close, fd);
    }
    path = getenv("FAULTS_RECORD");
    if (path != NULL) {
        record = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int file_by_name(const char *path) {
    size_t length = strlen(database);
    if (length == 0) return 0;
    if (strcmp(path, folder) == 0) return FOLDER;
    if (strncmp(path, database, length) != 0) return 0;
    for (int i = 0; i < FILES; i++) {
        if (strcmp(path + length, SUFFIXES[i]) == 0) return i + 1;
    }
    return 0;
}

static int file_by_descriptor(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? file_of[fd] : 0;
}

/* Whether this call is one that has to fail, and with what. */
static int fault(int file, int call) {
    uint32_t error = __atomic_load_n(&control->error, __ATOMIC_ACQUIRE);
    if (error == 0 || file == 0 || !(control->files & 1u << file) || !(control->calls & call)) return 0;
    uint32_t left = __atomic_load_n(&control->skip, __ATOMIC_ACQUIRE);
    while (left > 0) {
        if (__atomic_compare_exchange_n(&control->skip, &left, left - 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return 0;
        }
    }
    __atomic_add_fetch(&control->failed, 1, __ATOMIC_ACQ_REL);
    if (error != HANG) return (int)error;
    while (__atomic_load_n(&control->error, __ATOMIC_ACQUIRE) == HANG) usleep(1000);
    return 0;
}

/* Only with the lock held. */
static void note(char kind, int file, uint16_t port, uint64_t offset, const void *data, uint32_t length) {
    if (record < 0) return;
    struct entry entry = {(uint8_t)kind, (uint8_t)file, port, length, offset};
    struct iovec parts[2] = {{&entry, sizeof entry}, {(void *)data, length}};
    int before = errno;
    if (syscall(SYS_writev, record, parts, 2) != (long)(sizeof entry + length)) abort();
    errno = before;
}

static int open_file(const char *path, int flags, mode_t mode) {
    int file = file_by_name(path);
    /* That a file is there already is found before whether it may be written. */
    int error = (flags & O_ACCMODE) == O_RDONLY || flags & O_EXCL ? 0 : fault(file, OPEN_TO_WRITE);
    if (error != 0) {
        errno = error;
        return -1;
    }
    if (file == 0) {
        int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
        if (fd >= 0 && fd < DESCRIPTORS) file_of[fd] = 0;
        return fd;
    }
    pthread_mutex_lock(&order);
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0) {
        if (fd < DESCRIPTORS) file_of[fd] = file;
        note('o', file, 0, (flags & O_CREAT) != 0, NULL, 0);
        if (flags & O_TRUNC) note('t', file, 0, 0, NULL, 0);
    }
    pthread_mutex_unlock(&order);
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_file(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_file(path, flags, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < DESCRIPTORS) file_of[fd] = 0;
    return syscall(SYS_close, fd);
}

static ssize_t write_at(int fd, int file, const void *data, size_t length, off_t offset, int at_end) {
    int error = fault(file, WRITE);
    if (error != 0) {
        length = control->halves && length >= 4096 ? length / 2 : 0;
        if (length == 0) {
            errno = error;
            return -1;
        }
    }
    pthread_mutex_lock(&order);
    if (at_end) offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = at_end ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    if (done > 0) note('w', file, 0, offset, data, done);
    pthread_mutex_unlock(&order);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
    int file = file_by_descriptor(fd);
    if (file == 0) return syscall(SYS_pwrite64, fd, data, length, offset);
    return write_at(fd, file, data, length, offset, 0);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return pwrite64(fd, data, length, offset);
}

ssize_t write(int fd, const void *data, size_t length) {
    int file = file_by_descriptor(fd);
    if (file == 0) return syscall(SYS_write, fd, data, length);
    return write_at(fd, file, data, length, 0, 1);
}

ssize_t pread64(int fd, void *data, size_t length, off_t offset) {
    int error = fault(file_by_descriptor(fd), READ);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return syscall(SYS_pread64, fd, data, length, offset);
}

ssize_t pread(int fd, void *data, size_t length, off_t offset) {
    return pread64(fd, data, length, offset);
}

int ftruncate64(int fd, off_t length) {
    int file = file_by_descriptor(fd);
    int error = fault(file, TRUNCATE);
    if (error != 0) {
        errno = error;
        return -1;
    }
    if (file == 0) return syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&order);
    int result = syscall(SYS_ftruncate, fd, length);
    if (result == 0) note('t', file, 0, length, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

/* What was written before the begin is on disk after the end: others may write meanwhile. */
static int synchronize(long call, int fd) {
    int file = file_by_descriptor(fd);
    int error = fault(file, SYNC);
    if (error != 0) {
        errno = error;
        return -1;
    }
    if (file == 0) return syscall(call, fd);
    pthread_mutex_lock(&order);
    note('b', file, 0, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    int result = syscall(call, fd);
    if (result == 0) {
        pthread_mutex_lock(&order);
        note('s', file, 0, 0, NULL, 0);
        pthread_mutex_unlock(&order);
    }
    return result;
}

int fsync(int fd) {
    return synchronize(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return synchronize(SYS_fdatasync, fd);
}

int unlink(const char *path) {
    int file = file_by_name(path);
    if (file == 0) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&order);
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0) note('u', file, 0, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

int rename(const char *from, const char *to) {
    int file = file_by_name(from) | file_by_name(to);
    pthread_mutex_lock(&order);
    int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && file != 0) note('r', file, 0, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
    int error = fault(SOCKETS, ACCEPT);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return syscall(SYS_accept4, fd, address, size, flags);
}

/* Noted before it goes out: whoever has an answer finds it in the record. */
ssize_t send(int fd, const void *data, size_t length, int flags) {
    if (record >= 0) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET) {
            pthread_mutex_lock(&order);
            note('a', 0, ntohs(peer.sin_port), 0, data, length < 16 ? length : 16);
            pthread_mutex_unlock(&order);
        }
    }
    return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += control->clock;
    return result;
}
