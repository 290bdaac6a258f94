/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams and their sequence numbers. */
#include "controller/flow/stream.h"

#include <stdlib.h>

struct zl_stream *zl_stream_new(const struct zl_stream_key *key,
	struct zl_template_room *room, struct zl_pending_room *pending_room,
	struct zl_mono now)
{
	struct zl_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->key = *key;
	s->seen = now;
	zl_templates_init(&s->templates, room);
	zl_pending_init(&s->pending, pending_room);
	s->templates.is_session = key->is_tcp;
	zl_sampling_init(&s->sampling, room);
	return s;
}

void zl_stream_free(struct zl_stream *s)
{
	if (s == NULL)
		return;
	zl_templates_done(&s->templates);
	zl_pending_done(&s->pending);
	free(s->sources);
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

uint32_t zl_stream_source_sequence(
	struct zl_stream *s, uint64_t id, bool is_counters, uint32_t seq)
{
	const size_t half = ZL_STREAM_SOURCES / 2;
	struct zl_stream_source *at;
	uint32_t gap = 0;

	if (s->sources == NULL)
		s->sources = calloc(ZL_STREAM_SOURCES, sizeof(*s->sources));
	if (s->sources == NULL)
		return 0;
	/* Sources are interfaces, whose numbers count up: no hash is needed. */
	at = &s->sources[(id & (half - 1)) + (is_counters ? half : 0)];
	if (at->seq_known && at->id == id)
		gap = seq - at->next_seq;
	*at = (struct zl_stream_source){
		.id = id, .next_seq = seq + 1, .seq_known = true
	};
	return gap <= ZL_STREAM_GAP_MAX ? gap : 0;
}
