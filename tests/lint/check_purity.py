#!/usr/bin/env python3
"""Pure layers call nothing of the outside: their archives leave no symbol undefined that reaches the system, a clock,
chance, the environment, files, terminals, threads or the network.

check_purity.py ARCHIVE...                  fails when an archive references such a symbol
check_purity.py --expect NAME,... ARCHIVE   proves the check: fails unless exactly these are found in it
"""
import re
import subprocess
import sys

# Whole names of C functions. What only computes is fine: snprintf, strtol, inet_pton, gmtime_r, malloc, libcrypto's
# HMAC, EVP_*, CRYPTO_memcmp, OPENSSL_cleanse, memory BIOs, an SSL_CTX that only judges a list of ciphers. pthread_once and
# std::ios_base::Init come with protobuf's headers.
C_NAMES = """
  read pread readv preadv write pwrite writev pwritev open openat creat close dup dup2 dup3 fcntl ioctl lseek fsync
  ftruncate unlink rename mkdir rmdir stat fstat lstat access chmod chown opendir readdir realpath pipe pipe2
  socket socketpair bind listen accept accept4 connect shutdown send sendto sendmsg sendmmsg recv recvfrom recvmsg
  recvmmsg getsockopt setsockopt getsockname getpeername getaddrinfo getnameinfo gethostbyname gethostname
  if_nametoindex if_indextoname getifaddrs
  poll ppoll select pselect epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd timerfd_create
  timerfd_settime signalfd signal sigaction sigprocmask kill raise alarm setitimer
  time gettimeofday clock clock_gettime clock_getres clock_nanosleep nanosleep sleep usleep times localtime
  localtime_r mktime tzset ftime timespec_get
  rand rand_r srand random srandom drand48 lrand48 mrand48 srand48 arc4random arc4random_buf arc4random_uniform
  getrandom getentropy RAND_bytes RAND_bytes_ex RAND_priv_bytes RAND_priv_bytes_ex RAND_poll RAND_add RAND_seed
  getenv secure_getenv setenv unsetenv putenv environ setlocale
  syscall fork vfork clone execve execv execvp execl system popen wait waitpid exit _exit _Exit quick_exit getpid gettid
  getuid geteuid getppid getcwd chdir uname sysconf getrusage setrlimit getrlimit mmap munmap mprotect mlock madvise
  shm_open sem_open sem_init sem_wait dlopen dlsym syslog openlog sched_yield
  fopen fdopen freopen fclose fread fwrite fgets fgetc fputs fputc puts putchar printf fprintf vprintf vfprintf
  dprintf perror scanf fscanf fflush getline stdin stdout stderr
  thrd_create mtx_lock
""".split()
DENIED = re.compile(
    r"^(?:(?:" + "|".join(C_NAMES) + r")(?:64)?"
    r"|__(?:" + "|".join(C_NAMES) + r")(?:64)?_chk"
    r"|pthread_(?!self\b|once\b)\w+"
    r"|SSL_(?!CTX_)\w+|SSL_CTX_\w*(?:file|load_verify)\w*"
    r"|BIO_(?:new|s)_(?:file|fp|fd|socket|connect|accept|dgram)\w*|BIO_\w*filename"
    r"|std::chrono::_V2::\w+_clock::now\(\)"
    r"|std::chrono::\w*(?:current_zone|tzdb)\w*.*"
    r"|std::(?:__1::)?random_device::.*"
    r"|std::(?:__1::)?(?:thread|jthread|mutex|recursive_mutex|shared_mutex|condition_variable\w*|this_thread)::.*"
    r"|std::(?:__future_base|__atomic_futex\w*)::?.*"
    r"|std::(?:__cxx11::)?(?:c(?:in|out|err|log)|wcout|wcerr)"
    r"|std::basic_(?:i|o)?(?:f)stream<.*|std::basic_filebuf<.*"
    r"|std::filesystem::.*"
    r"|grpc.*"
    r")$")


def impure_symbols(archive):
    """(object file, symbol) of every denied reference of the archive. Version suffixes such as @GLIBC_2.2 are cut."""
    listing = subprocess.run(["nm", "-uC", archive], capture_output=True, text=True)
    if listing.returncode != 0:
        sys.exit(f"{archive} cannot be read (is it built?): {listing.stderr.strip()}")
    found, member, objects = [], "?", 0
    for line in listing.stdout.splitlines():
        if line.endswith(".o:"):
            member, objects = line[:-1], objects + 1
        match = re.match(r"^\s+[Uwv] (.+?)(?:@.*)?$", line)
        if match and DENIED.match(match.group(1)):
            found.append((member, match.group(1)))
    if not objects:
        sys.exit(f"{archive}: no object files in it")
    return found


def main():
    arguments = sys.argv[1:]
    expected = None
    if arguments[:1] == ["--expect"]:
        expected, arguments = set(arguments[1].split(",")), arguments[2:]
    if not arguments:
        sys.exit("no archives given")
    found = [(archive, *hit) for archive in arguments for hit in impure_symbols(archive)]
    for archive, member, symbol in found:
        print(f"{archive}({member}): {symbol}")
    print(f"{len(arguments)} archives looked at, {len(found)} impure references")
    if expected is None:
        return 1 if found else 0
    symbols = {symbol for _, _, symbol in found}
    for symbol in sorted(expected ^ symbols):
        print("not found:" if symbol in expected else "not expected:", symbol)
    return 0 if symbols == expected else 1


if __name__ == "__main__":
    sys.exit(main())
