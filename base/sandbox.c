/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dropping identity and capabilities, and the system call filters. */
#include "base/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static int set_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct head = { .version =
							 _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)keep,
			.permitted = (uint32_t)keep,
			.inheritable = (uint32_t)keep },
		{ .effective = (uint32_t)(keep >> 32),
			.permitted = (uint32_t)(keep >> 32),
			.inheritable = (uint32_t)(keep >> 32) },
	};

	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	for (unsigned cap = 0; cap < 64; cap++)
		if ((keep >> cap & 1) != 0 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

/* Before the rest: it needs CAP_SETPCAP. */
static void drop_bounding(uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++)
		if ((keep >> cap & 1) == 0 && prctl(PR_CAPBSET_READ, cap) == 1)
			(void)prctl(PR_CAPBSET_DROP, cap);
}

int zl_sandbox_keep(uint64_t keep, struct zl_error *reterr)
{
	int r;

	drop_bounding(keep);
	r = set_capabilities(keep);
	if (r < 0)
		return zl_fail(
			reterr, r, "cannot give up capabilities: %s", strerror(-r));
	return 0;
}

int zl_sandbox_become(const char *user, uint64_t keep, struct zl_error *reterr)
{
	const struct passwd *pw;
	int r;

	if (geteuid() != 0)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL) {
		(void)zl_fail(reterr, -ENOENT, "no such user: %s", user);
		zl_error_hint(reterr, "make it with 'systemd-sysusers zonelock.conf', "
				      "or name another");
		return -ENOENT;
	}
	drop_bounding(keep);
	if (prctl(PR_SET_KEEPCAPS, keep != 0) < 0 ||
		initgroups(pw->pw_name, pw->pw_gid) < 0 ||
		setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return zl_fail(reterr, -errno, "cannot become user %s: %m", user);
	r = set_capabilities(keep);
	if (r < 0)
		return zl_fail(reterr, r, "cannot keep capabilities as %s: %s", user,
			strerror(-r));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return zl_fail(reterr, -errno, "no_new_privs: %m");
	return 0;
}

/*
 * What a process needs that waits, receives, computes and answers.  Opening
 * anything, making sockets and starting programs are not in it.
 */
static const int collector_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(accept4),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(getsockopt),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(nanosleep),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(mprotect),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getrandom),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),
	SCMP_SYS(tgkill),
	SCMP_SYS(signalfd4),
};

static const struct {
	const int *calls;
	size_t n;
} sets[] = {
	[ZL_SANDBOX_COLLECTOR] = { collector_calls, N_ITEMS(collector_calls) },
};

int zl_sandbox_enter(enum zl_sandbox_set set, struct zl_error *reterr)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = ctx == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r >= 0 && i < sets[set].n; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sets[set].calls[i], 0);
	if (r >= 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return zl_fail(reterr, r, "cannot install the system call filter: %s",
			strerror(-r));
	return 0;
}
