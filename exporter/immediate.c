/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into pmacctd: libpcap hands over each packet when it comes.
 *
 * Without it libpcap collects packets in the kernel's ring, where they wait for as long
 * as its caller allows, which with pmacctd 1.7.7 is a second; what waits when pmacctd or
 * the tap ends is lost.  There is no option for it.  It is made as a library of its own.
 */
#include <dlfcn.h>

#include <pcap/pcap.h>

int pcap_activate(pcap_t *p)
{
	int (*activate)(pcap_t *);

	*(void **)&activate = dlsym(RTLD_NEXT, "pcap_activate");
	if (activate == NULL)
		return PCAP_ERROR;
	(void)pcap_set_immediate_mode(p, 1);
	return activate(p);
}
