#include <sys/socket.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clinux_machine.h"

/* Writes an address as text; returns 0 if it is of another kind than was asked for. */
typedef int (*address_writer)(const struct sockaddr *address, char *text, size_t size);

static int write_ip(const struct sockaddr *address, char *text, size_t size)
{
	const void *bytes;

	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		return 0;
	return inet_ntop(address->sa_family, bytes, text, (socklen_t)size) != NULL;
}

static int write_hardware(const struct sockaddr *address, char *text, size_t size)
{
	static const unsigned char none[6];
	const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)address;
	const unsigned char *byte = link->sll_addr;

	if (address->sa_family != AF_PACKET || link->sll_halen != sizeof(none) || memcmp(byte, none, sizeof(none)) == 0)
		return 0;
	snprintf(text, size, "%x:%x:%x:%x:%x:%x", byte[0], byte[1], byte[2], byte[3], byte[4], byte[5]);
	return 1;
}

/* Adds a copy of `text`, unless it is there already. -1 if there is no memory. */
static int add_text(char ***texts, size_t *count, const char *text)
{
	char **longer;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*texts)[i], text) == 0)
			return 0;
	longer = realloc(*texts, (*count + 1) * sizeof(**texts));
	if (longer == NULL)
		return -1;
	*texts = longer;
	if ((longer[*count] = strdup(text)) == NULL)
		return -1;
	++*count;
	return 0;
}

static char **addresses(address_writer writer, size_t *count)
{
	struct ifaddrs *interfaces, *interface;
	char **texts = NULL;
	char text[INET6_ADDRSTRLEN];

	*count = 0;
	if (getifaddrs(&interfaces) == -1)
		return NULL;
	for (interface = interfaces; interface != NULL; interface = interface->ifa_next) {
		if (interface->ifa_addr == NULL || !writer(interface->ifa_addr, text, sizeof(text)))
			continue;
		if (add_text(&texts, count, text) == -1) {
			clinux_free_texts(texts, *count);
			texts = NULL;
			*count = 0;
			break;
		}
	}
	freeifaddrs(interfaces);
	return texts;
}

char **clinux_ip_addresses(size_t *count)
{
	return addresses(write_ip, count);
}

char **clinux_hardware_addresses(size_t *count)
{
	return addresses(write_hardware, count);
}

void clinux_free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

/* Closes all descriptors from `first` to `last`. */
static int close_range_or_each(unsigned int first, unsigned int last)
{
	long limit;

	if (first > last)
		return 0;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
#endif
	limit = sysconf(_SC_OPEN_MAX);
	if (limit == -1)
		return -1;
	for (unsigned int fd = first; fd <= last && fd < (unsigned long)limit; fd++)
		close((int)fd);
	return 0;
}

int clinux_close_from(int lowest, int keep)
{
	if (lowest < 0) {
		errno = EINVAL;
		return -1;
	}
	if (keep < lowest)
		return close_range_or_each((unsigned int)lowest, INT_MAX);
	if (keep > lowest && close_range_or_each((unsigned int)lowest, (unsigned int)keep - 1) == -1)
		return -1;
	return close_range_or_each((unsigned int)keep + 1, INT_MAX);
}
