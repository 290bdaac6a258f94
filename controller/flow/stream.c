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

/* Sources are interfaces, whose numbers count up: no hash is needed. */
static struct zl_stream_source *source_slot(
	struct zl_stream *s, uint64_t id, bool is_counters)
{
	const size_t half = ZL_STREAM_SOURCES / 2;

	return &s->sources[(id & (half - 1)) + (is_counters ? half : 0)];
}

uint32_t zl_stream_source_sequence(
	struct zl_stream *s, uint64_t id, bool is_counters, uint32_t seq)
{
	struct zl_stream_source *at;
	uint32_t gap = 0;

	if (s->sources == NULL)
		s->sources = calloc(ZL_STREAM_SOURCES, sizeof(*s->sources));
	if (s->sources == NULL)
		return 0;
	at = source_slot(s, id, is_counters);
	if (!at->seq_known || at->id != id)
		*at = (struct zl_stream_source){ .id = id };
	if (at->seq_known)
		gap = seq - at->next_seq;
	at->next_seq = seq + 1;
	at->seq_known = true;
	return gap <= ZL_STREAM_GAP_MAX ? gap : 0;
}

uint32_t zl_stream_source_drops(struct zl_stream *s, uint64_t id, uint32_t drops)
{
	struct zl_stream_source *at =
		s->sources == NULL ? NULL : source_slot(s, id, false);
	uint32_t more;

	if (at == NULL || at->id != id)
		return 0;
	more = at->drops_known ? drops - at->drops : 0; /* modulo 2^32 */
	at->drops = drops;
	at->drops_known = true;
	/* As far back as that it was restarted. */
	return more <= ZL_STREAM_GAP_MAX ? more : 0;
}
