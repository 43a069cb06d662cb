#ifndef CLINUX_WAKEUP_H
#define CLINUX_WAKEUP_H

#include <stddef.h>

/// A descriptor that is readable while it was signalled and not yet cleared; non-blocking, closed on exec. -1 with errno set.
int clinux_wakeup_make(void);
/// Makes it readable. Safe from any thread and from a signal handler.
void clinux_wakeup_signal(int descriptor);
void clinux_wakeup_clear(int descriptor);

/// A descriptor that becomes readable every so many seconds, of which those count in which the machine sleeps; `clinux_wakeup_clear` makes it wait for the
/// next time. Non-blocking, closed on exec. -1 with errno set.
int clinux_alarm_make(unsigned seconds);

/// From now on each of these signals arrives as one byte, its number, on the descriptor returned, instead of what it did before. Signals that are ignored
/// stay ignored. One channel a process; -1 with errno set, EBUSY for a second one.
int clinux_signals_open(const int *signals, size_t count);
/// Puts back what the signals did before.
void clinux_signals_close(void);

/// Puts the handlers back (clinux_signals_close) and ends the process by the signal, as the system does where nobody handles it.
void clinux_signals_end_process(int signal);

#endif
