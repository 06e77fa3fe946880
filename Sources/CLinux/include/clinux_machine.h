/*
 * Network addresses of the machine, from interfaces that are lists of unions, and the closing of descriptors.
 */
#ifndef QUARK_CLINUX_MACHINE_H
#define QUARK_CLINUX_MACHINE_H

#include <stddef.h>

/*
 * The addresses of all network interfaces as text, each once, in the order of getifaddrs(3): numeric IPv4 and IPv6
 * addresses; or hardware addresses of six bytes that are not all zero, in the form of ether_ntoa(3). Free them with
 * clinux_free_texts(). NULL, with a `*count` of 0, if there are none, or on an error.
 */
char **clinux_ip_addresses(size_t *count);
char **clinux_hardware_addresses(size_t *count);
void clinux_free_texts(char **texts, size_t count);

/* Closes the descriptors from `lowest` up, except `keep`; with close_range(2) if it exists. 0, or -1 with errno. */
int clinux_close_from(int lowest, int keep);

#endif
