/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of protocols and well-known services.
 *
 * To add a service, add its row where its port sorts in.
 */
#include "policy/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	uint16_t proto;
	const char *name;
} protos[] = {
	{ ZL_PROTO_ICMP, "icmp" },
	{ ZL_PROTO_TCP, "tcp" },
	{ ZL_PROTO_UDP, "udp" },
	{ ZL_PROTO_ICMPV6, "icmpv6" },
	{ ZL_PROTO_SCTP, "sctp" },
	{ ZL_PROTO_ANY, "any" },
};

/* clang-format off */
const struct zl_service zl_services[] = {
	{ ZL_PROTO_TCP,    21, "ftp" },
	{ ZL_PROTO_TCP,    22, "ssh" },
	{ ZL_PROTO_TCP,    23, "telnet" },
	{ ZL_PROTO_TCP,    25, "smtp" },
	{ ZL_PROTO_TCP,    53, "domain" },
	{ ZL_PROTO_UDP,    53, "domain" },
	{ ZL_PROTO_UDP,    67, "dhcp" },
	{ ZL_PROTO_UDP,    69, "tftp" },
	{ ZL_PROTO_TCP,    80, "http" },
	{ ZL_PROTO_TCP,    88, "kerberos" },
	{ ZL_PROTO_UDP,    88, "kerberos" },
	{ ZL_PROTO_TCP,   110, "pop3" },
	{ ZL_PROTO_TCP,   111, "sunrpc" },
	{ ZL_PROTO_UDP,   111, "sunrpc" },
	{ ZL_PROTO_UDP,   123, "ntp" },
	{ ZL_PROTO_TCP,   135, "msrpc" },
	{ ZL_PROTO_UDP,   137, "netbios-ns" },
	{ ZL_PROTO_TCP,   139, "netbios-ssn" },
	{ ZL_PROTO_TCP,   143, "imap" },
	{ ZL_PROTO_UDP,   161, "snmp" },
	{ ZL_PROTO_UDP,   162, "snmp-trap" },
	{ ZL_PROTO_TCP,   179, "bgp" },
	{ ZL_PROTO_TCP,   389, "ldap" },
	{ ZL_PROTO_UDP,   389, "ldap" },
	{ ZL_PROTO_TCP,   443, "https" },
	{ ZL_PROTO_UDP,   443, "https" },
	{ ZL_PROTO_TCP,   445, "smb" },
	{ ZL_PROTO_TCP,   465, "smtps" },
	{ ZL_PROTO_UDP,   500, "isakmp" },
	{ ZL_PROTO_UDP,   514, "syslog" },
	{ ZL_PROTO_UDP,   547, "dhcpv6" },
	{ ZL_PROTO_TCP,   587, "submission" },
	{ ZL_PROTO_TCP,   636, "ldaps" },
	{ ZL_PROTO_TCP,   853, "domain-s" },
	{ ZL_PROTO_TCP,   873, "rsync" },
	{ ZL_PROTO_TCP,   993, "imaps" },
	{ ZL_PROTO_TCP,   995, "pop3s" },
	{ ZL_PROTO_UDP,  1194, "openvpn" },
	{ ZL_PROTO_TCP,  1433, "ms-sql" },
	{ ZL_PROTO_TCP,  1521, "oracle" },
	{ ZL_PROTO_UDP,  1812, "radius" },
	{ ZL_PROTO_TCP,  1883, "mqtt" },
	{ ZL_PROTO_UDP,  1900, "ssdp" },
	{ ZL_PROTO_TCP,  2049, "nfs" },
	{ ZL_PROTO_UDP,  2049, "nfs" },
	{ ZL_PROTO_UDP,  2055, "netflow" },
	{ ZL_PROTO_TCP,  2379, "etcd" },
	{ ZL_PROTO_TCP,  3128, "squid" },
	{ ZL_PROTO_TCP,  3260, "iscsi" },
	{ ZL_PROTO_TCP,  3268, "ldap-gc" },
	{ ZL_PROTO_TCP,  3306, "mysql" },
	{ ZL_PROTO_TCP,  3389, "rdp" },
	{ ZL_PROTO_UDP,  3389, "rdp" },
	{ ZL_PROTO_UDP,  4500, "ipsec-nat-t" },
	{ ZL_PROTO_UDP,  4739, "ipfix" },
	{ ZL_PROTO_UDP,  4789, "vxlan" },
	{ ZL_PROTO_TCP,  5060, "sip" },
	{ ZL_PROTO_UDP,  5060, "sip" },
	{ ZL_PROTO_UDP,  5353, "mdns" },
	{ ZL_PROTO_UDP,  5355, "llmnr" },
	{ ZL_PROTO_TCP,  5432, "postgresql" },
	{ ZL_PROTO_TCP,  5672, "amqp" },
	{ ZL_PROTO_TCP,  5900, "vnc" },
	{ ZL_PROTO_TCP,  5985, "winrm" },
	{ ZL_PROTO_UDP,  6081, "geneve" },
	{ ZL_PROTO_TCP,  6379, "redis" },
	{ ZL_PROTO_TCP,  6443, "kubernetes" },
	{ ZL_PROTO_TCP,  8080, "http-alt" },
	{ ZL_PROTO_TCP,  8443, "https-alt" },
	{ ZL_PROTO_TCP,  9042, "cassandra" },
	{ ZL_PROTO_TCP,  9092, "kafka" },
	{ ZL_PROTO_TCP,  9200, "elasticsearch" },
	{ ZL_PROTO_TCP, 10250, "kubelet" },
	{ ZL_PROTO_TCP, 11211, "memcached" },
	{ ZL_PROTO_TCP, 16509, "libvirt" },
	{ ZL_PROTO_TCP, 16514, "libvirt-tls" },
	{ ZL_PROTO_TCP, 27017, "mongodb" },
	{ ZL_PROTO_UDP, 51820, "wireguard" },
};
/* clang-format on */

const size_t zl_services_len = N_ITEMS(zl_services);

bool zl_service_proto_parse(const char *text, uint16_t *ret)
{
	unsigned v = 0;
	size_t i;

	for (i = 0; i < N_ITEMS(protos); i++)
		if (strcmp(text, protos[i].name) == 0) {
			*ret = protos[i].proto;
			return true;
		}
	for (i = 0; i < 3 && text[i] >= '0' && text[i] <= '9'; i++)
		v = v * 10 + (unsigned)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || v > UINT8_MAX)
		return false;
	*ret = (uint16_t)v;
	return true;
}

const char *zl_service_proto_format(uint16_t proto, char buf[static ZL_PROTO_STR])
{
	for (size_t i = 0; i < N_ITEMS(protos); i++)
		if (protos[i].proto == proto) {
			(void)snprintf(buf, ZL_PROTO_STR, "%s", protos[i].name);
			return buf;
		}
	(void)snprintf(buf, ZL_PROTO_STR, "%u", proto);
	return buf;
}

bool zl_service_has_ports(uint16_t proto)
{
	return proto == ZL_PROTO_TCP || proto == ZL_PROTO_UDP || proto == ZL_PROTO_SCTP;
}

static int compare(const void *a, const void *b)
{
	const struct zl_service *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return (int)x->proto - (int)y->proto;
}

const struct zl_service *zl_service_find(uint8_t proto, uint16_t port)
{
	const struct zl_service key = { .proto = proto, .port = port };

	return bsearch(&key, zl_services, zl_services_len, sizeof(key), compare);
}
