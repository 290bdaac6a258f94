/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Information elements: which field of a template goes where in our record.
 *
 * NetFlow v9 field types (RFC 3954, section 8) and IPFIX information elements (IANA,
 * RFC 5102) share their numbers, so one table serves both; enterprise 29305 is
 * the reverse direction of a biflow (RFC 5103).  An element that is not in the table
 * is skipped by its length.  To add one, add a row in element.c, in order.
 *
 * When several elements of one template say the same thing, those of the lowest
 * `rank` count (decided once per template); among these, and for an element
 * that comes twice (inner and outer header), the first value that is not zero.
 */
#ifndef ZL_FLOW_ELEMENT_H
#define ZL_FLOW_ELEMENT_H
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "controller/flow/record.h"

enum { ZL_PEN_IANA = 0, ZL_PEN_REVERSE = 29305 };

/* Presence bits of what is not in struct zl_flow, above those that are. */
#define ZL_ASIDE_FIRST_UPTIME	   (UINT64_C(1) << 32)
#define ZL_ASIDE_LAST_UPTIME	   (UINT64_C(1) << 33)
#define ZL_ASIDE_BOOT		   (UINT64_C(1) << 34)
#define ZL_ASIDE_SELECTOR	   (UINT64_C(1) << 35)
#define ZL_ASIDE_SAMPLER	   (UINT64_C(1) << 36)
#define ZL_ASIDE_TEMPLATE	   (UINT64_C(1) << 37)
#define ZL_ASIDE_TAKEN		   (UINT64_C(1) << 38)
#define ZL_ASIDE_SPACE		   (UINT64_C(1) << 39)
#define ZL_ASIDE_POPULATION	   (UINT64_C(1) << 40)
#define ZL_ASIDE_REV_TOTAL_OCTETS  (UINT64_C(1) << 41)
#define ZL_ASIDE_REV_TOTAL_PACKETS (UINT64_C(1) << 42)
#define ZL_ASIDE_REV_TOS	   (UINT64_C(1) << 43)
#define ZL_ASIDE_REV_VLAN	   (UINT64_C(1) << 44)
#define ZL_ASIDE_REV_ICMP	   (UINT64_C(1) << 45)
#define ZL_ASIDE_DURATION	   (UINT64_C(1) << 46)
#define ZL_ASIDE_RATE_BY_OPTIONS   (UINT64_C(1) << 47) /* not in the record */
#define ZL_ASIDE_IF_NAME	   (UINT64_C(1) << 48)

/* A record while it is read: the flow, and what is needed to complete it. */
struct zl_flow_draft {
	struct zl_flow flow;
	uint64_t present;      /* ZL_FLOW_... and ZL_ASIDE_...: what was sent */
	uint32_t first_uptime; /* ms after the exporter's boot (22, 21) */
	uint32_t last_uptime;
	uint64_t boot_ms;     /* when that was (160), wall ms */
	uint64_t duration_ms; /* of the flow (161) */
	/* Sampling (sampling.h): by whom, and the rate where it comes in parts. */
	uint64_t selector, sampler, template_id; /* 302, 48, 145 */
	uint64_t taken, space, population;	 /* 305, 306; 309, 310 */
	/* The other direction, for who shows it. */
	uint64_t rev_total_octets, rev_total_packets;
	uint16_t rev_vlan, rev_icmp;
	uint8_t rev_tos;
	char if_name[16];  /* of the interface of entry (82), ended by NUL */
	int64_t export_ms; /* in: the message's time, for relative times (158, 159) */
};

enum zl_element_kind {
	ZL_ELEMENT_UINT,  /* a number; one that the member cannot hold is kept as 0 */
	ZL_ELEMENT_FLAGS, /* the lowest bits, as many as the member has */
	ZL_ELEMENT_ADDR4,
	ZL_ELEMENT_ADDR6,
	ZL_ELEMENT_MAC,
	ZL_ELEMENT_SECONDS,   /* since 1970, to wall ms */
	ZL_ELEMENT_MS,	      /* since 1970 */
	ZL_ELEMENT_NTP,	      /* 32.32 bits since 1900 (RFC 7011, 6.1.9), to wall ms */
	ZL_ELEMENT_DELTA_US,  /* before the export time, to wall ms */
	ZL_ELEMENT_SPAN_US,   /* to ms */
	ZL_ELEMENT_ICMP_TYPE, /* one byte, for the upper half of the member */
	ZL_ELEMENT_ICMP_CODE, /* the same, for the lower half */
	ZL_ELEMENT_TEXT,      /* up to NUL or the end; what does not fit is left out */
};

struct zl_element {
	uint32_t pen;
	uint16_t id;
	uint8_t kind;		/* enum zl_element_kind */
	uint8_t rank;		/* 0 counts first */
	const char *name;	/* IANA's */
	uint64_t bit;		/* in zl_flow_draft.present */
	uint16_t offset, width; /* of the member of struct zl_flow_draft */
	uint8_t min, max;	/* bytes on the wire (RFC 7011, section 6.2) */
};

extern const struct zl_element zl_elements[]; /* sorted by pen, id */
extern const size_t zl_elements_len;

const struct zl_element *zl_element_find(uint32_t pen, uint16_t id);

/* Store one field.  `value` is exactly the field, of min..max bytes. */
void zl_element_store(const struct zl_element *e, struct zl_cursor value,
	struct zl_flow_draft *draft);

#endif
