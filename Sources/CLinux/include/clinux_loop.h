/* What a loop sleeps on, of which Swift's Glibc module knows nothing. */
#ifndef CLINUX_LOOP_H
#define CLINUX_LOOP_H

/* An epoll descriptor, itself readable when one of its descriptors is. */
int clinux_watch_make(void);
/* 0, or -1 and errno: EPERM for what cannot be waited for, such as a regular file. */
int clinux_watch_add(int watch, int descriptor);
/* The same for one that is waited for until it can be written to. */
int clinux_watch_add_writable(int watch, int descriptor);
void clinux_watch_remove(int watch, int descriptor);

/* Names the calling thread, at most 15 bytes, and lets its sleeps end on time: within 1 us instead of the kernel's usual 50. */
void clinux_thread_setup(const char *name);

/* Has the calling thread, and what it starts from now on, run on that core alone, where there is one. */
void clinux_thread_pin(int core);

#endif
