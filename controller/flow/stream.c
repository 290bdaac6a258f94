/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams and their sequence numbers. */
#include "controller/flow/stream.h"

#include <stdlib.h>

struct zl_stream *zl_stream_new(const struct zl_stream_key *key,
	struct zl_template_room *room, struct zl_mono now)
{
	struct zl_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->key = *key;
	s->seen = now;
	zl_templates_init(&s->templates, room);
	zl_sampling_init(&s->sampling, room);
	return s;
}

void zl_stream_free(struct zl_stream *s)
{
	if (s == NULL)
		return;
	zl_templates_done(&s->templates);
	zl_sampling_done(&s->sampling);
	free(s);
}

uint32_t zl_stream_sequence(
	struct zl_stream *s, uint32_t seq, uint32_t step, bool is_known)
{
	uint32_t gap = seq - s->next_seq; /* modulo 2^32, as the counters are */
	bool was_known = s->seq_known;

	s->next_seq = seq + step;
	s->seq_known = is_known;
	return was_known && gap <= ZL_STREAM_GAP_MAX ? gap : 0;
}
