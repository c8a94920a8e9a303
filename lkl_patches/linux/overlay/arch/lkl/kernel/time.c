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
#include <linux/sched/clock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include "lkl.h"

static u64 lkl_clock_read(struct clocksource *cs)
{
	return lkl_ops.clock();
}

static struct clocksource lkl_clocksource = {
	.name	= "host",
	.rating	= 499,
	.read	= lkl_clock_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
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
	.name			= "host",
	.features		= CLOCK_EVT_FEAT_ONESHOT,
	.rating			= 300,
	.set_next_event		= lkl_set_next_event,
	.set_state_shutdown	= lkl_timer_shutdown,
	.set_state_oneshot	= lkl_timer_shutdown,
};

void lkl_timer_interrupt(void)
{
	if (lkl_ops.clock() < READ_ONCE(lkl_vcpu.next_event))
		return; /* it was for an event that has been taken back */
	WRITE_ONCE(lkl_vcpu.next_event, ~0ULL);
	lkl_clockevent.event_handler(&lkl_clockevent);
}

static u64 clock_base __ro_after_init;

unsigned long long notrace sched_clock(void)
{
	return lkl_ops.clock() - clock_base;
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(lkl_ops.wallclock());
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
	clock_base = lkl_ops.clock();
	if (clocksource_register_hz(&lkl_clocksource, NSEC_PER_SEC))
		panic("the host's clock was refused");
	lkl_clockevent.cpumask = cpumask_of(0);
	clockevents_config_and_register(&lkl_clockevent, NSEC_PER_SEC, 1,
					LONG_MAX);
}
