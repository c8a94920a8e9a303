// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: the host's monotonic clock is the clocksource; the next timer is a
 * number that the host's waiting thread reads.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/posix-timers.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task_stack.h>
#include "../../../kernel/time/tick-internal.h"
#include "../../../kernel/time/tick-sched.h"
#include "lkl.h"

static u64 first_reading;

static u64 lkl_clock_read(struct clocksource *cs)
{
	u64 first = first_reading;

	if (likely(!first))
		return lkl_ops.clock();
	first_reading = 0;
	return first;
}

static struct clocksource lkl_clocksource = {
	.name = "host",
	.rating = 499,
	.read = lkl_clock_read,
	.mask = CLOCKSOURCE_MASK(64),
	.mult = 1 << 24,
	.shift = 24,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
};

static int lkl_set_next_event(unsigned long delta,
			      struct clock_event_device *evt)
{
	WRITE_ONCE(lkl_vcpu.next_event, lkl_ops.clock() + delta);
	return 0;
}

static int lkl_timer_shutdown(struct clock_event_device *evt)
{
	WRITE_ONCE(lkl_vcpu.next_event, ~0ULL);
	return 0;
}

static struct clock_event_device lkl_clockevent = {
	.name = "host",
	.features = CLOCK_EVT_FEAT_ONESHOT,
	.rating = 300,
	.set_next_event = lkl_set_next_event,
	.set_state_shutdown = lkl_timer_shutdown,
	.set_state_oneshot = lkl_timer_shutdown,
};

/*
 * The scheduler's clock is read several times at each switch. Where the
 * machine's own counter runs at a constant rate it is used, from the moment
 * when its rate is known; it goes on where the host's clock was.
 */
#define CALIBRATE_NS (20 * NSEC_PER_MSEC)
#define COUNTER_SHIFT 24

static struct {
	u64 base_ns, base_count, mult;
} counter;
static u64 boot_ns, boot_count;
static bool counter_constant;

unsigned long long notrace sched_clock(void)
{
	if (!counter.mult)
		return lkl_ops.clock() - boot_ns;
	return counter.base_ns +
	       mul_u64_u64_shr(get_cycles() - counter.base_count, counter.mult,
			       COUNTER_SHIFT);
}

static void calibrate_counter(u64 now)
{
	u64 count = get_cycles();

	if (now - boot_ns < CALIBRATE_NS || count <= boot_count)
		return;
	counter.base_ns = now - boot_ns;
	counter.base_count = count;
	counter.mult =
		div64_u64((now - boot_ns) << COUNTER_SHIFT, count - boot_count);
	counter_constant = false;
}

/*
 * Process mode: a program that computes does not look at the clock for us, so
 * the host has to interrupt it when a timer is due. The scheduler's tick is no
 * reason while no other task wants to run: it is put off until the program's
 * next system call. But while somebody waits for the host's descriptors, the
 * host interrupts now and then to look at them.
 */
#define LOOK_NS (4 * NSEC_PER_MSEC)

static u64 armed = ~0ULL; /* when the host will interrupt */
static u64 put_off = ~0ULL; /* the tick that waits for a system call */
static u64 put_off_cycles;

static u64 cycles_at(u64 ns)
{
	if (!counter.mult)
		return 0;
	return counter.base_count +
	       div64_u64((ns - boot_ns - counter.base_ns) << COUNTER_SHIFT,
			 counter.mult);
}

/* The next timer that is not the tick. */
static u64 next_but_tick(u64 now)
{
	struct hrtimer *tick = &tick_get_tick_sched(0)->sched_timer;
	u64 high = hrtimer_next_event_without(tick);
	u64 wheel = get_next_timer_interrupt(jiffies, now);

	return min(high, wheel);
}

/* Timers on processor time (ITIMER_VIRTUAL, RLIMIT_CPU) live on the tick. */
static bool counts_processor_time(void)
{
	const struct posix_cputimers *own = &current->posix_cputimers;

	for (int i = 0; i < CPUCLOCK_MAX; i++)
		if (own->bases[i].nextevt != U64_MAX)
			return true;
	return READ_ONCE(current->signal->posix_cputimers.timers_active);
}

static noinline void arm(u64 next)
{
	u64 now = lkl_ops.clock();

	put_off = ~0ULL;
	if (next <= now) {
		__atomic_fetch_or(&lkl_vcpu.pending, BIT(LKL_IRQ_TIMER),
				  __ATOMIC_RELAXED);
		return;
	}
	if (single_task_running() && !counts_processor_time()) {
		put_off = next;
		put_off_cycles = cycles_at(next);
		next = next_but_tick(now);
	}
	if (READ_ONCE(lkl_waiting))
		next = min(next, now + LOOK_NS);
	if (next < armed && next < KTIME_MAX) {
		armed = next;
		lkl_ops.arm(next);
	}
}

void lkl_timer_before_user(void)
{
	u64 next = READ_ONCE(lkl_vcpu.next_event);

	if (likely(next >= armed))
		return;
	if (next == put_off && single_task_running() &&
	    (armed != ~0ULL || !READ_ONCE(lkl_waiting)))
		return;
	arm(next);
}

void lkl_tick_catch_up(void)
{
	if (likely(put_off == ~0ULL || get_cycles() < put_off_cycles) ||
	    lkl_ops.clock() < put_off)
		return;
	put_off = ~0ULL;
	__atomic_fetch_or(&lkl_vcpu.pending, BIT(LKL_IRQ_TIMER),
			  __ATOMIC_RELAXED);
	/* The time since then was the program's. */
	lkl_irq_deliver_user(current_pt_regs());
}

void lkl_timer_interrupt(void)
{
	u64 now = lkl_ops.clock();

	if (now >= armed)
		armed = ~0ULL;
	if (now < READ_ONCE(lkl_vcpu.next_event))
		return; /* it was for an event that has been taken back */
	if (unlikely(counter_constant))
		calibrate_counter(now);
	WRITE_ONCE(lkl_vcpu.next_event, ~0ULL);
	lkl_clockevent.event_handler(&lkl_clockevent);
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(lkl_ops.wallclock());
}

/*
 * Programs read the host's clocks directly (vDSO), so the kernel's must be the
 * same: CLOCK_MONOTONIC goes on where the host's is, from the same reading and
 * with no other clocksource in between.
 */
void __init read_persistent_wall_and_boot_offset(struct timespec64 *wall,
						 struct timespec64 *boot)
{
	*wall = ns_to_timespec64(lkl_ops.wallclock());
	first_reading = lkl_ops.clock();
	*boot = ns_to_timespec64(lkl_ops.process ? first_reading : 0);
}

struct clocksource *__init clocksource_default_clock(void)
{
	return &lkl_clocksource;
}

void __ndelay(unsigned long nsecs)
{
	u64 end = lkl_ops.clock() + nsecs;

	while (lkl_ops.clock() < end)
		cpu_relax();
}
EXPORT_SYMBOL(__ndelay);

/* Delays look at the clock: there is no loop to calibrate. */
void calibrate_delay(void)
{
	loops_per_jiffy = 1 << 20;
}

void __init time_init(void)
{
	boot_ns = lkl_ops.clock();
	boot_count = get_cycles();
	counter_constant = lkl_ops.constant_counter;
	/* It is in use by now: its factors must stay as they are. */
	if (__clocksource_register(&lkl_clocksource))
		panic("the host's clock was refused");
	lkl_clockevent.cpumask = cpumask_of(0);
	clockevents_config_and_register(&lkl_clockevent, NSEC_PER_SEC, 1,
					LONG_MAX);
}
