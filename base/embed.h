/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Put a file of the source tree into the program.
 *
 *	ZL_EMBED(zone_rng, "policy/zone.rng");
 *	...
 *	r = zl_xml_validate(x, zone_rng, zone_rng_size(), reterr);
 *
 * The path is relative to the folder that the compiler runs in, the top of the
 * source tree.  The bytes are followed by a NUL.  Once per file and name: the symbols
 * are global, since the assembler and the compiler share no others.
 */
#ifndef ZL_BASE_EMBED_H
#define ZL_BASE_EMBED_H
#include <stddef.h>

#define ZL_EMBED(name, path)                                                           \
	__asm__(".pushsection .rodata, \"a\", %progbits\n"                             \
		".hidden " #name "\n.global " #name "\n" #name ":\n"                   \
		".incbin \"" path "\"\n"                                               \
		".hidden " #name "_end\n.global " #name "_end\n" #name "_end:\n"       \
		".byte 0\n"                                                            \
		".popsection\n");                                                      \
	extern const char name[];                                                      \
	extern const char name##_end[];                                                \
	static inline size_t name##_size(void)                                         \
	{                                                                              \
		return (size_t)(name##_end - name);                                    \
	}                                                                              \
	struct zl_swallow_semicolon

#endif
