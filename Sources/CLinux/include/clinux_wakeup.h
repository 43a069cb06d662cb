#ifndef CLINUX_WAKEUP_H
#define CLINUX_WAKEUP_H

#include <stddef.h>

/// A descriptor that is readable from a signal to the next clear; non-blocking, closed on exec. -1 with errno set.
int clinux_wakeup_make(void);
/// Makes it readable. Safe from any thread and from a signal handler.
void clinux_wakeup_signal(int descriptor);
void clinux_wakeup_clear(int descriptor);

/// A descriptor that becomes readable every `seconds` seconds, suspended time included; `clinux_wakeup_clear` resets it until the next
/// time. Non-blocking, closed on exec. -1 with errno set.
int clinux_alarm_make(unsigned seconds);

/// Redirects these signals: each arrives as one byte, its number, on the returned descriptor, instead of its former action. Ignored signals
/// stay ignored. One channel a process; -1 with errno set, EBUSY for a second one.
int clinux_signals_open(const int *signals, size_t count);
/// Restores the former actions of the signals.
void clinux_signals_close(void);

/// Restores the actions (clinux_signals_close) and ends the process by the signal, as the system does for one without a handler.
void clinux_signals_end_process(int signal);

#endif
