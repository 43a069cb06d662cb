/* Waiting and threads of an event loop, as far as Swift's Glibc module does not cover them. */
#ifndef CLINUX_LOOP_H
#define CLINUX_LOOP_H

/* An epoll descriptor, itself readable when one of its descriptors is ready. */
int clinux_watch_make(void);
/* Waits for `descriptor` to be readable. 0, or -1 and errno: EPERM if it cannot be waited for, as a regular file. */
int clinux_watch_add(int watch, int descriptor);
/* Like clinux_watch_add, but waits for it to be writable. */
int clinux_watch_add_writable(int watch, int descriptor);
void clinux_watch_remove(int watch, int descriptor);

/* Names the calling thread, at most 15 bytes, and sets its timer slack to 1 us instead of the kernel's usual 50. */
void clinux_thread_setup(const char *name);

/* Restricts the calling thread, and threads that it starts later, to one core, if that exists. */
void clinux_thread_pin(int core);

#endif
