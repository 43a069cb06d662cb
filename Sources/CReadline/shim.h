#include <stdio.h>
#include <readline/readline.h>
#include <readline/history.h>
#include <wchar.h>

/* POSIX (XSI); <wchar.h> declares it for _XOPEN_SOURCE only. */
int wcwidth(wchar_t character);
