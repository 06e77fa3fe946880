/*
 * What a machine is called and where it is found, from interfaces that are lists of unions.
 */
#ifndef QUARK_CLINUX_MACHINE_H
#define QUARK_CLINUX_MACHINE_H

#include <stddef.h>

/*
 * The addresses of all network interfaces as text, each once, in the order of getifaddrs(3): numeric IPv4 and IPv6; or
 * hardware addresses of six bytes that are not all zero, as ether_ntoa(3) writes them. To be freed with
 * clinux_free_texts(). NULL, and a `*count` of 0: there are none, or they cannot be had.
 */
char **clinux_ip_addresses(size_t *count);
char **clinux_hardware_addresses(size_t *count);
void clinux_free_texts(char **texts, size_t count);

/* Closes the descriptors from `lowest` on, but not `keep`; close_range(2) where there is one. 0, or -1 with errno. */
int clinux_close_from(int lowest, int keep);

#endif
