/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The boundary between the library kernel and its host.
 *
 * The machine has one virtual CPU. Kernel contexts are stacks; whichever host
 * thread holds the virtual CPU runs them. A host thread that holds it and has
 * nothing to run gives it back by running its own wait function on its own
 * wait stack: contexts are never left half way on a host stack.
 *
 * This header is read by both sides and uses only C's own types.
 */
#ifndef _UAPI_ASM_LKL_HOST_H
#define _UAPI_ASM_LKL_HOST_H

/* Bits of lkl_vcpu.pending; the rest are one bit for each device. */
#define LKL_IRQ_TIMER 0
#define LKL_IRQ_WAKE 1 /* the thread that comes in wants its tasks to run */
#define LKL_IRQ_SIGNAL 2 /* signals for process 1 in lkl_vcpu.signals */
#define LKL_IRQ_WATCH 3 /* some of lkl_vcpu.watch have become ready */
#define LKL_IRQ_DEVICE 4 /* first device */
#define LKL_NR_IRQS 32

/* Room for struct pt_regs at the top of a kernel stack, rounded to 16. */
#define LKL_REGS_SIZE 176

#ifndef __ASSEMBLY__

struct lkl_host_regs {
	unsigned long r15, r14, r13, r12, rbp, rbx, rip, rsp;
};

/**
 * struct lkl_thread - a host thread that may run the kernel
 * @wait_sp: top of the stack on which @wait runs, 16-byte aligned
 * @wait: called, never returns, when the virtual CPU has nothing to run; the
 *	thread still holds the virtual CPU at that moment
 * @regs: register frame of @task; the next system call of this thread uses it
 * @task: kernel task whose user side runs (or waits) on this thread, or NULL
 * @parked: first of the tasks that wait for this thread (kernel's)
 * @attach_next: list of the threads that wait for a task (kernel's)
 * @wanted: set to 1 by the kernel when a parked task wants this thread
 * @attaching: set to 1 by the host when the thread comes in for its first task
 * @interrupt: set to 1 by the host to end @task's blocking call with -EINTR
 * @halting: set to 1 by the host when the thread comes in to stop the machine
 * @detached: the host's: its task exits and the thread waits no more
 * @attach: registers with which the thread's first task starts
 */
struct lkl_thread {
	unsigned long wait_sp;
	void (*wait)(struct lkl_thread *self);
	void *regs;
	void *task;
	void *parked;
	struct lkl_thread *attach_next;
	int wanted;
	int attaching;
	int interrupt;
	int halting;
	int detached;
	struct lkl_host_regs attach;
};

#define LKL_MAX_WATCHES 64

/**
 * struct lkl_watch - a host descriptor that the kernel waits for
 * @fd: the descriptor; @wanted: poll(2) events, 0: this entry is free or idle
 * @ready: set by the host to those that have come, which ends the wait
 */
struct lkl_watch {
	int fd;
	short wanted;
	short ready;
};

/**
 * struct lkl_fault - what a program did, for the signal it gets
 * @signal, @code, @addr: as in siginfo; @trap, @error: the processor's words
 */
struct lkl_fault {
	int signal;
	int code;
	unsigned long addr;
	unsigned long trap;
	unsigned long error;
};

/**
 * struct lkl_vcpu - the virtual CPU
 * @resume_sp: stack of the context that was left, 0 when the current task is
 *	in user mode
 * @holder: thread that runs the kernel now; valid under @lock
 * @regs: register frame of the current task
 * @current_task: the kernel's current task
 * @next_event: when the next timer is due, in the host clock's nanoseconds
 * @pending: interrupts that wait, set by any thread, cleared by the kernel
 * @irq_enabled: whether the kernel accepts interrupts now
 * @halted: the kernel has gone for good
 * @lock: 0 free, 1 held
 * @booted: process 1 runs
 * @coming: threads that have been woken for their tasks and are not in yet
 * @requests: grows when a thread wants @lock; @served: those requests for which
 *	the others have stood back; @sleepers: whether anybody sleeps on @lock
 * @calls: grows by one at each system call, for the lock's fairness
 *
 * Process mode, where all is done by one host thread:
 * @signals: host signals that are meant for the machine, bit 0 is signal 1
 * @fault: what the program at @regs has just done
 * @watch: descriptors to wait for
 */
struct lkl_vcpu {
	unsigned long resume_sp;
	struct lkl_thread *holder;
	void *regs;
	void *current_task;
	unsigned long long next_event;
	unsigned int pending;
	unsigned int irq_enabled;
	int halted;
	int booted;
	int coming;
	int lock __attribute__((aligned(64)));
	volatile unsigned int requests;
	volatile unsigned int served;
	volatile int sleepers;
	unsigned int calls;
	unsigned long long signals __attribute__((aligned(64)));
	struct lkl_fault fault;
	struct lkl_watch watch[LKL_MAX_WATCHES];
};

/**
 * struct lkl_queue - a virtqueue as the device sees it
 * @desc, @avail, @used: host addresses of the three rings
 * @num: entries; @last_avail: next available entry that the device looks at
 */
struct lkl_queue {
	void *desc;
	void *avail;
	void *used;
	unsigned int num;
	unsigned short last_avail;
};

#define LKL_MAX_QUEUES 4

/**
 * struct lkl_device - a virtio device whose other side is in the host
 * @id: virtio device type; @features: offered bits; @accepted: agreed bits
 * @irq: bit in lkl_vcpu.pending
 * @file, @file_start: a disk's host file, and where in it the disk begins
 * @notify: the driver made buffers of queue @q available; called directly,
 *	under the virtual CPU
 * @poll: called in the device's interrupt, before the queues are looked at
 * @start: the driver is ready; @stop: the driver or the kernel goes away
 */
struct lkl_device {
	struct lkl_device *next;
	unsigned int id;
	unsigned int irq;
	int file;
	unsigned long long file_start;
	unsigned long long features;
	unsigned long long accepted;
	unsigned char config[64];
	unsigned int config_len;
	unsigned int queue_max;
	unsigned char status;
	struct lkl_queue queue[LKL_MAX_QUEUES];
	void (*start)(struct lkl_device *dev);
	void (*stop)(struct lkl_device *dev);
	void (*notify)(struct lkl_device *dev, unsigned int q);
	void (*poll)(struct lkl_device *dev);
	void *private_data;
};

/**
 * struct lkl_host_ops - everything the kernel asks of its host
 * @memory: the kernel's memory, page aligned, zeroed; page frame 0 is its start
 * @memory_size: in bytes
 * @constant_counter: the machine's cycle counter keeps pace with @clock
 * @cmdline: kernel command line
 * @devices: list of devices
 * @console: write text, never blocks for long
 * @panic: the kernel has panicked with this message; does not return
 * @clock: monotonic nanoseconds
 * @wallclock: nanoseconds since the Unix epoch
 * @random: fill a buffer with random octets
 * @wake: a parked task wants @thread; make its wait function come back
 * @call: a system call of the host, with Linux's numbers, arguments and
 *	structures for this machine; the result or a negative errno. The kernel
 *	uses it for the memory of programs and for host directories.
 *
 * Process mode (@process is set): the kernel executes programs.
 * @user_end: end of the addresses that programs may use
 * @memory_fd: @memory is this file of the host, or -1
 * @init, @init_size: the program for process 1; @setup, @setup_size: what it
 *	finds in the file /setup
 * @vdso, @hwcap, @hwcap2: of the host's auxiliary vector, for programs
 * @idle: sleep until something is pending
 * @arm: let the host interrupt the program at this time of @clock
 * @exit: the machine ends with this exit status
 */
struct lkl_host_ops {
	void *memory;
	unsigned long memory_size;
	int constant_counter;
	const char *cmdline;
	struct lkl_device *devices;
	void (*console)(const char *text, unsigned int len);
	void (*panic)(const char *message) __attribute__((noreturn));
	unsigned long long (*clock)(void);
	unsigned long long (*wallclock)(void);
	void (*random)(void *buf, unsigned long len);
	void (*wake)(struct lkl_thread *thread);
	long (*call)(long nr, long a, long b, long c, long d, long e, long f);
	int process;
	int memory_fd;
	unsigned long user_end;
	const void *init;
	unsigned long init_size;
	const void *setup;
	unsigned long setup_size;
	unsigned long vdso;
	unsigned long hwcap;
	unsigned long hwcap2;
	void (*idle)(void);
	void (*arm)(unsigned long long when);
	void (*exit)(int status) __attribute__((noreturn));
};

extern struct lkl_vcpu lkl_vcpu;

/* Boot; runs on @self until the machine is idle for the first time. */
void lkl_kernel_boot(const struct lkl_host_ops *ops, struct lkl_thread *self)
	__attribute__((noreturn));

/* Run a system call of self->task on its kernel stack; virtual CPU held. */
long lkl_kernel_syscall(void *regs, long nr, const long *args);

/* Become the current task (the virtual CPU is held); returns when it is. */
void lkl_kernel_enter(struct lkl_thread *self);

/* As above for a thread that has no task: make one. Returns its thread id. */
long lkl_kernel_attach(struct lkl_thread *self);

/* Run whatever the virtual CPU was left with; the thread holds it. */
void lkl_kernel_resume(void) __attribute__((noreturn));

/* The same for a thread that also wants its own tasks to run. */
void lkl_kernel_come_in(void) __attribute__((noreturn));

/* Return on the thread that is left behind by a halted kernel. */
void lkl_kernel_abandon(void *regs, long result) __attribute__((noreturn));

/* Where to go on after a fault at @ip in kernel code; 0: nowhere, a bug. */
unsigned long lkl_kernel_fixup(unsigned long ip);

/* Whether @ip is the kernel's code. */
int lkl_kernel_text(unsigned long ip);

const char *lkl_kernel_release(void);

/*
 * Process mode: where a program's system calls enter; where the host goes on,
 * on the kernel stack of the interrupted program (lkl_vcpu.regs, which it has
 * filled), after an interrupt, after a fault, and after a system call that the
 * program made by the machine's own instruction, with its number in orig_ax (the
 * slow way, for programs on another C library); and the last instructions on
 * the way back to a program: whoever is interrupted there goes on at
 * lkl_user_again, on the same stack.
 */
void lkl_user_entry(void);
void lkl_user_interrupt(void);
void lkl_user_fault(void);
void lkl_user_trap(void);
void lkl_user_again(void);
extern const char lkl_leaving_begin[], lkl_leaving_end[];

#endif /* __ASSEMBLY__ */
#endif /* _UAPI_ASM_LKL_HOST_H */
