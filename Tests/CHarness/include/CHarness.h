// What the end-to-end tests need of glibc that its default feature set hides from Swift.
#ifndef CHATTY_CHARNESS_H
#define CHATTY_CHARNESS_H

#include <sys/types.h>

/// Opens a new pseudo terminal of that size. Children do not inherit it.
/// Writes the path of the child's side to `name`, which has room for 128 bytes.
/// Returns the descriptor of our side, or -1 with errno set.
int charness_open_terminal(unsigned short columns, unsigned short rows, char name[128]);

/// A pipe that children do not inherit. Returns 0, or -1 with errno set.
int charness_pipe(int ends[2]);

/// Starts a program in a session of its own with all signals at their defaults and no other descriptors than three:
/// those of `standard`, or where `terminal` is given that terminal, which becomes its controlling one.
/// Returns 0, or the error's number.
int charness_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                   const int standard[3], const char *terminal, pid_t *pid);

#endif
